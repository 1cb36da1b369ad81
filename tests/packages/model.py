"""A wheel of the model alone, from the same tree: `python -m tests.packages.model [FOLDER]` (make wheel-model)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NAME = "omnimailbox-model"

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
dynamic = ["version"]
description = "The executable specification of OmniMailbox, in pure Python: not to be installed beside omnimailbox"
readme = "README.md"
license = "{license}"
license-files = ["LICENSE"]
requires-python = ">=3.9"
classifiers = [
    "Development Status :: 3 - Alpha",
    "Intended Audience :: Developers",
    "Operating System :: OS Independent",
    "Programming Language :: Python :: 3",
    "Typing :: Typed",
]

[tool.hatch.version]
path = "spec_model/__init__.py"

[tool.hatch.build.targets.wheel]
packages = ["spec_model"]
"""

README = """\
# The model of OmniMailbox

`spec_model`, the executable specification of OmniMailbox: pure, sequential Python without dependencies, with
the names and the behaviour of `fast_impl`, for browsers and wherever nothing can be compiled.

`omnimailbox` has this package too. Install one of the two, not both: the one removed first would take the other's files
along.
"""


def build(folder: Path) -> Path:
    """The wheel, put into `folder`; CalledProcessError with pip's words on standard error."""
    main = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory(prefix="omnimailbox-model-") as scratch:
        tree = Path(scratch)
        shutil.copytree(ROOT / "spec_model", tree / "spec_model", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "LICENSE", tree)
        (tree / "pyproject.toml").write_text(PROJECT.format(name=NAME, license=main["license"]), encoding="utf-8")
        (tree / "README.md").write_text(README.format(project=f"https://pypi.org/project/{main['name']}/"))
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        made = tree / "made"
        subprocess.run([*command, "--wheel-dir", str(made), str(tree)], check=True)
        [wheel] = made.glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, folder))


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
