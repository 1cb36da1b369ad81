"""What was measured on: the header of every report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fast_impl

PEERS = ("culsans", "janus", "pyzmq", "faster-fifo", "numpy")


def environment() -> dict[str, str]:
    """The interpreter, the machine, the core's ways, and the versions of the peers that are installed."""
    facts = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "binding": fast_impl.binding,
        "fences": fast_impl.fences,
        "switch interval": f"{sys.getswitchinterval() * 1e3:g} ms",
        "compiler": _compiler(),
    }
    for name in PEERS:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    return facts


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _compiler() -> str:
    try:
        ended = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return ended.stdout.partition("\n")[0]
