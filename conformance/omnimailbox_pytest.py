"""What pytest loads in every project: the options of `pytest --omni-target`, and the suite only where that is given.

The wheel has this module at the top level, by a name that nobody else has: a project may have a package `conformance`
of its own, which loading the plugin must neither import nor hide.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

SUITE = "conformance.pytest_plugin"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command `omni-conformance run`, by other names."""
    group = parser.getgroup("omnimailbox", "conformance to the rules of OmniMailbox")
    group.addoption("--omni-target", metavar="TARGET", help="test this module or shared library, a test per check")
    group.addoption("--omni-profile", choices=["quick", "long"], default="quick", help="how much (default: quick)")
    group.addoption("--omni-without", default="", metavar="FEATURES", help="what the target lacks, commas between")
    group.addoption("--omni-skips", type=Path, metavar="FILE", help="ids of checks not to run")
    group.addoption("--omni-xfails", type=Path, metavar="FILE", help="ids of checks that must fail")


def pytest_configure(config: pytest.Config) -> None:
    """With a target and no tests named, the suite is what is run; with some, it is run too."""
    if config.getoption("--omni-target") is None:
        return
    try:
        suite = import_module(SUITE)
    except ImportError as error:
        raise pytest.UsageError(
            f"--omni-target needs the package conformance of omnimailbox: {error}; a package of that name in this "
            "project hides it: start pytest in another folder, or run `omni-conformance run --target ...`"
        ) from None
    if not config.pluginmanager.has_plugin(SUITE):
        config.pluginmanager.register(suite, SUITE)
    tests = str(suite.TESTS)
    if not _names_tests(config):
        config.args = []
    if tests not in config.args:
        config.args.append(tests)


def _names_tests(config: pytest.Config) -> bool:
    """Whether the command line names tests; pytest says so from 7.2 on."""
    source = getattr(config, "args_source", None)
    if source is not None:
        return bool(source is config.ArgsSource.ARGS)
    return config.args not in ([str(config.invocation_params.dir)], config.getini("testpaths"))
