"""What type checkers say: mypy and pyright of programs that use the packages, pyright and stubtest of the packages."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.test_examples import BLOCK

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("fast_impl", "spec_model")
EXPECTED = re.compile(r"  # expect: (.*)$")
EXAMPLES = ROOT / "docs" / "examples"
UNTYPED = {"reportUnknownMemberType", "reportUnknownVariableType", "reportUntypedFunctionDecorator"}
"""What pyright says of flatbuffers, flatc's output and Numba, which have no types and are used in examples, and of what
an error has left without a type."""
MYPY = f"""[mypy]
strict = True
mypy_path = {ROOT}:{EXAMPLES}
follow_imports = silent
untyped_calls_exclude = telemetry
[mypy-flatbuffers.*,numba.*,_cffi_backend.*,cffi.*]
ignore_missing_imports = True
[mypy-example_producer_numba]
disallow_untyped_decorators = False
"""
PYRIGHT = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    "extraPaths": [str(ROOT), str(EXAMPLES)],
    # Those of pyproject.toml, of which the reason is there; and what a line that is to be rejected is beside that.
    **{key: value for key, value in PROJECT["tool"]["pyright"].items() if key.startswith("report")},
    "reportMissingImports": False,  # an example's tools need not be installed; mypy knows which those are
    "reportUnusedExpression": False,
    "reportUnusedVariable": False,
}

pytestmark = [
    pytest.mark.once,
    pytest.mark.slow(every=1),
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("mypy", "pyright"))), reason="needs mypy and pyright: make types"
    ),
]

Errors = dict[tuple[str, int], set[str]]
"""By file and line, mypy's codes and pyright's rules."""


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, which pyright takes from the PATH."""
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    arguments = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs beside this file, over each package; the examples; those on pages."""
    folder = tmp_path_factory.mktemp("programs")
    for name in ("accepted", "rejected"):
        program = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        for package in PACKAGES:
            (folder / f"{name}_{package}.py").write_text(program.replace("fast_impl", package), encoding="utf-8")
    for example in (*EXAMPLES.glob("*.py"), *EXAMPLES.glob("native/*.py"), *EXAMPLES.glob("target_python/*.py")):
        shutil.copy(example, folder / f"example_{example.name}")
    for page in (ROOT / "README.md", ROOT / "docs" / "implementers.md", ROOT / "docs" / "examples.md"):
        blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
        for number, program in enumerate(text for language, _, text in blocks if language == "python"):
            (folder / f"page_{page.stem}_{number}.py").write_text(program, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def errors(programs: Path) -> Errors:
    """What `mypy --strict` and pyright in strict mode say of them."""
    (programs / "mypy.ini").write_text(MYPY, encoding="utf-8")
    (programs / "pyrightconfig.json").write_text(json.dumps(PYRIGHT), encoding="utf-8")
    mypy = run("mypy", "--output", "json", "--cache-dir", ROOT / ".mypy_cache", ".", cwd=programs)
    pyright = run("pyright", "--outputjson", "--pythonpath", sys.executable, cwd=programs)
    assert (mypy.returncode, pyright.returncode) == (1, 1), mypy.stdout + mypy.stderr + pyright.stdout + pyright.stderr
    found: Errors = {}
    for each in map(json.loads, mypy.stdout.splitlines()):
        if each["severity"] == "error":
            found.setdefault((each["file"], each["line"]), set()).add(each["code"])
    for each in json.loads(pyright.stdout)["generalDiagnostics"]:
        name, rule = Path(each["file"]).name, each.get("rule", each["message"])
        if rule not in UNTYPED or not name.startswith(("example_", "rejected_")):
            found.setdefault((name, each["range"]["start"]["line"] + 1), set()).add(rule)
    return found


def test_each_checker_rejects_what_it_must_and_nothing_else(programs: Path, errors: Errors) -> None:
    """Both, at each line that says so, with the error that it says; over the model as over `fast_impl`."""
    expected: Errors = {}
    for program in programs.glob("*.py"):
        for number, line in enumerate(program.read_text(encoding="utf-8").splitlines(), 1):
            if mark := EXPECTED.search(line):
                expected[program.name, number] = set(mark[1].split())
    assert errors == expected
    assert len(expected) > 80


def test_the_packages_in_strict_mode() -> None:
    """pyright finds nothing, with the settings of pyproject.toml."""
    done = run("pyright", "--pythonpath", sys.executable)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_type(package: str) -> None:
    """`pyright --verifytypes` gives 100 %; other packages' gaps are theirs (numbers.Real has some in typeshed)."""
    done = run("pyright", "--verifytypes", package, "--ignoreexternal")
    assert "Type completeness score: 100%" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_the_types_are_those_at_run_time(package: str) -> None:
    """`stubtest` agrees without a list of exceptions: of `fast_impl`, also with the types in C, by `_handles.pyi`."""
    done = run("mypy.stubtest", "--mypy-config-file", ROOT / "pyproject.toml", package)
    assert done.returncode == 0, done.stdout + done.stderr
