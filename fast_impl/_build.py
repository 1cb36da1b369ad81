"""Build hook: compiles the C core, in both variants, into the wheel or beside the sources.

`_core` is the best variant for the platform, `_core_portable` the one made of a mutex and a condition
variable; the second is built everywhere so that it is tested everywhere.

The declarations and the list of sources live in `_cffi_source.py`, which is loaded by its path: importing it
through `fast_impl` would import the very extension modules that are about to be built.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Extension module -> whether it is the portable variant.
VARIANTS = {
    "fast_impl._core": not sys.platform.startswith("linux"),
    "fast_impl._core_portable": True,
}

HELP = (
    "could not compile the C core of fast_impl ({module}).\n"
    "It needs a C11 compiler (gcc or clang; Debian and Ubuntu: apt-get install gcc) and the headers of this Python\n"
    "({version}; Debian and Ubuntu: apt-get install python{version}-dev). The compiler's own messages are above."
)


def load_builder(package: Path) -> Callable[[str, bool], Any]:
    """`builder(module_name, portable)` of `_cffi_source.py`, without importing its package."""
    source = package / "_cffi_source.py"
    spec = importlib.util.spec_from_file_location("_omnimailbox_cffi_source", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {source}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builder: Callable[[str, bool], Any] = module.builder
    return builder


def compile_variants(package: Path, scratch: Path) -> list[Path]:
    """Compile every variant under `scratch`; the paths of the extension modules."""
    builder = load_builder(package)
    built = []
    for module, portable in VARIANTS.items():
        # One folder each: both variants compile the same sources, with other macros.
        folder = scratch / module
        try:
            built.append(Path(builder(module, portable).compile(tmpdir=str(folder), verbose=True)))
        except Exception as error:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise RuntimeError(HELP.format(module=module, version=version)) from error
    return built


class CoreBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the compiled core in place: in the tree for an editable install, in the wheel otherwise."""

    scratch: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files; `version` is "editable" or "standard"."""
        package = Path(self.root) / "fast_impl"
        self.scratch = Path(tempfile.mkdtemp(prefix="omnimailbox-build-"))
        try:
            built = compile_variants(package, self.scratch)
        except BaseException:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for extension in built:
            if version == "editable":
                place(extension, package / extension.name)
            else:
                build_data["force_include"][str(extension)] = f"fast_impl/{extension.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling when the wheel is written."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


def place(extension: Path, target: Path) -> None:
    """Move into place in one step: a process that has the old file mapped keeps the old file."""
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(extension, partial)
    os.replace(partial, target)
