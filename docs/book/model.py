"""What the page of the model runs in the browser, put beside it: Pyodide, the wheels, and the page's own Python.

The wheel of the model is the one of `make wheel-model`. micropip, which installs it there, comes from PyPI with what it
needs, once. The rest is one archive: the page's files and those modules of the suite that they import.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from docs.book.npm import installed
from docs.book.repository import source_page
from tests.packages import model

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).parent / "static" / "model"
WHEELS = ROOT / "build" / "wheels"

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
MICROPIP = ("micropip==0.11.1", "packaging==26.1")
"""Of the versions that this Pyodide names."""

LISTED = """
import sys
sys.path.insert(0, sys.argv[1])
import session
print("\\n".join(module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "conformance"))
"""


def fetched() -> list[Path]:
    """The wheels of micropip, from PyPI the first time."""
    WHEELS.mkdir(parents=True, exist_ok=True)
    names = [f"{requirement.replace('==', '-')}-py3-none-any.whl" for requirement in MICROPIP]
    missing = [each for each, name in zip(MICROPIP, names, strict=True) if not (WHEELS / name).exists()]
    if missing:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command.append("--ignore-requires-python")  # they run on Pyodide's, whichever Python builds the book
        done = subprocess.run([*command, "--only-binary", ":all:", "--dest", str(WHEELS), *missing], check=False)
        if done.returncode:
            raise ExtensionError(f"pip could not download {' '.join(missing)}; it says why above")
    return [WHEELS / name for name in names]


def suite() -> list[Path]:
    """The files of the suite that the page's Python imports, and what they read."""
    command = [sys.executable, "-c", LISTED, str(PAGE)]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [*map(Path, listed), ROOT / "conformance" / "rules.toml"]


def lay_out(folder: Path) -> None:
    """Everything into `folder`, and a list of it for the page."""
    pyodide = installed("pyodide")
    (folder / "pyodide").mkdir(parents=True, exist_ok=True)
    for name in PYODIDE:
        shutil.copy2(pyodide / name, folder / "pyodide")
    wheels = fetched()
    for wheel in wheels:
        shutil.copy2(wheel, folder)
    built = model.build(folder)
    with zipfile.ZipFile(folder / "page.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in PAGE.glob("*.py"):
            archive.write(path, path.name)
        for path in suite():
            archive.write(path, path.relative_to(ROOT))
    served = {"micropip": [path.name for path in wheels], "model": built.name, "sources": source_page("")}
    (folder / "served.json").write_text(json.dumps(served), encoding="utf-8")


def _fetch(app: Sphinx) -> None:
    """What comes from elsewhere first: where it cannot be had, that shows before the rest is made."""
    if app.builder.name == "html":
        print("the page of the model: Pyodide and micropip", flush=True)
        installed("pyodide")
        fetched()


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        lay_out(Path(app.outdir) / "_static" / "model")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it with Sphinx."""
    app.connect("builder-inited", _fetch)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
