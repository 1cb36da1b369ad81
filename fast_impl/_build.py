"""Build hook: compiles the C core, in both variants, and the types in C into the wheel or beside the sources.

Beside them go the files that native code is built with, made of the templates in `native/`.

`_core` is the best variant for the platform, `_core_portable` the one made of a mutex and a condition
variable; the second is built everywhere so that it is tested everywhere. `_handles` has the types in C over the
core's own sources, with the FlatBuffers verifier, for CPython. `_verifier` is that verifier over cffi. Where there is
no cffi, as for CPython 3.13 without a GIL, what is built over it is left out.

What is built over cffi is listed in `_sources.py`, which is loaded by its path: importing it through `fast_impl` would
import the very extension modules that are about to be built. The signatures and docstrings of `_handles` are those of
`fast_impl/cffi`, read from its source and written into a header.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext, customize_compiler, new_compiler

#: Extension module -> whether it is the portable variant.
VARIANTS = {
    "fast_impl._core": not sys.platform.startswith("linux"),
    "fast_impl._core_portable": True,
}

HANDLES = "fast_impl._handles"
VERIFIER = "fast_impl._verifier"

STRIPPED = "-Wl,-x" if sys.platform == "darwin" else "-Wl,-s,-z,noseparate-code"
"""Makes the linker leave out symbols and, for ELF, the padding between kinds of pages: a tenth of a module."""

HELP = (
    "could not compile the C core of fast_impl ({module}).\n"
    "It needs a C11 compiler (gcc or clang; Debian and Ubuntu: apt-get install gcc) and the headers of this Python\n"
    "({version}; Debian and Ubuntu: apt-get install python{version}-dev). The compiler's own messages are above."
)

WITHOUT_CFFI = (
    "fast_impl: this Python has no cffi, so {modules} are left out: OMNI_BINDING=cffi and OMNI_PLATFORM=portable\n"
    "will not work; the types in C, which are the default, have everything else."
)


def load_sources(package: Path) -> ModuleType:
    """`_sources` of `package`, without importing that."""
    source = package / "_sources.py"
    spec = importlib.util.spec_from_file_location("_omnimailbox_sources", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {source}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_all(package: Path, scratch: Path) -> dict[Path, str]:
    """What is built, under `scratch`, with the place of each file in the package: extension modules, native headers."""
    places: dict[Path, str] = load_sources(package).make_headers(package, scratch / "headers")
    return {**places, **{extension: extension.name for extension in compile_all(package, scratch)}}


def compile_all(package: Path, scratch: Path) -> list[Path]:
    """Compile every extension module under `scratch`, at the same time, in a folder and a process each; their paths.

    The headers are in its folder "headers".
    """
    sources, headers = load_sources(package), scratch / "headers"
    compilers: dict[str, Any] = {}
    cpython = sys.implementation.name == "cpython"
    if not cpython or importlib.util.find_spec("cffi"):
        for module, portable in VARIANTS.items():
            compilers[module] = partial(sources.core(module, portable, headers).compile, verbose=True)
        compilers[VERIFIER] = partial(sources.verifier(VERIFIER).compile, verbose=True)
    else:
        print(WITHOUT_CFFI.format(modules=", ".join([*VARIANTS, VERIFIER])), file=sys.stderr)
    if cpython:
        compilers[HANDLES] = partial(compile_handles, package, headers)
    # Processes, as cffi changes the working directory; forked, as this file is no module that another could import.
    forked = multiprocessing.get_context("fork")
    paths = {module: forked.SimpleQueue() for module in compilers}
    processes = {
        module: forked.Process(target=lambda m=module: paths[m].put(str(compilers[m](tmpdir=str(scratch / m)))))
        for module in compilers
    }
    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join()
    for module, process in processes.items():
        if process.exitcode != 0:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise RuntimeError(HELP.format(module=module, version=version))
    return [Path(paths[module].get()) for module in compilers]


def compile_handles(package: Path, headers: Path, tmpdir: str) -> str:
    """Compile `_handles` with the core's sources in it, optimised as one where the tools can; its path."""
    sources = load_sources(package)
    files, folders = sources.handles(package), sources.includes(package)
    apart = [each for each in files if Path(each).parent.name == "verifier"]
    objects = _compiler().compile(apart, tmpdir, include_dirs=folders, extra_postargs=[*sources.FLAGS, sources.SMALL])
    optimised_as_one = "-flto=auto" if _links_with("-flto=auto", tmpdir) else "-O3"
    extension = Extension(
        HANDLES,
        sources=[each for each in files if each not in apart],
        extra_objects=objects,
        include_dirs=[*folders, str(headers)],
        define_macros=[("OMNI_PORTABLE", "1")] if VARIANTS["fast_impl._core"] else [],
        extra_compile_args=["-O3", *sources.FLAGS, optimised_as_one],
        extra_link_args=["-O3", *sources.FLAGS, optimised_as_one],
        libraries=["pthread"],
    )
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_temp, command.build_lib = f"{tmpdir}/objects", tmpdir
    command.ensure_finalized()
    command.run()
    return str(command.get_ext_fullpath(HANDLES))


def _compiler() -> Any:
    compiler = new_compiler()
    customize_compiler(compiler)
    return compiler


def _links_with(flag: str, tmpdir: str) -> bool:
    """Whether the compiler and the linker take `flag`."""
    compiler = _compiler()
    folder = Path(tmpdir) / "try"
    folder.mkdir(parents=True)
    source = folder / "try.c"
    source.write_text("int omni_try(void) { return 0; }\n")
    try:
        objects = compiler.compile([str(source)], output_dir=str(folder), extra_postargs=[flag])
        compiler.link_shared_object(objects, str(folder / "try.so"), extra_postargs=[flag])
    except Exception:
        return False
    return True


class CoreBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the compiled core in place: in the tree for an editable install, in the wheel otherwise."""

    scratch: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files; `version` is "editable" or "standard"."""
        package = Path(self.root) / "fast_impl"
        self.scratch = Path(tempfile.mkdtemp(prefix="omnimailbox-build-"))
        if version != "editable":  # whoever debugs in the tree wants the symbols
            os.environ["LDFLAGS"] = f"{os.environ.get('LDFLAGS', '')} {STRIPPED}"
        try:
            built = build_all(package, self.scratch)
        except BaseException:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for made, name in built.items():
            if version == "editable":
                place(made, package / name)
            else:
                build_data["force_include"][str(made)] = f"fast_impl/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling when the wheel is written."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


def place(made: Path, target: Path) -> None:
    """Move into place in one step: a process that has the old file mapped keeps the old file."""
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(made, partial)
    os.replace(partial, target)
