"""What was measured on: the header of every report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fast_impl
from tests.bench import native
from tests.bench.building import optimised_as_one
from tests.bench.peers import missing

PACKAGES = ("culsans", "janus", "pyzmq", "faster-fifo", "numpy")


def environment() -> dict[str, str]:
    """The interpreter, the machine, the core's ways, the versions of the peers, and which are not here."""
    compiled = native.peers()
    in_c = {peer.partition(" ")[0] for peer in compiled}
    here = [*compiled, *(f"{name} {found}" for name in PACKAGES if (found := _version(name)))]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": f"{processors} x {_processor()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "binding": fast_impl.binding,
        "platform": fast_impl.platform,
        "fences": fast_impl.fences,
        "switch interval": f"{sys.getswitchinterval() * 1e3:g} ms",
        "compiler": _compiler(),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "peers": ", ".join(here) or "none installed",
        "skipped": ", ".join([*(name for name in native.PEERS if name not in in_c), *missing()]) or "no peer",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _compiler() -> str:
    try:
        said = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return "none"
    return " ".join((said.partition("\n")[0], "-O3", *optimised_as_one()))
