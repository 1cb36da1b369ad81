"""The core and its native program for aarch64, run under qemu-user: python -m tests.native.aarch64"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.native.programs import PLATFORMS, CannotBuild, Steps, native

COMPILER = "aarch64-linux-gnu-gcc"
EMULATORS = ("qemu-aarch64", "qemu-aarch64-static")


def main() -> int:
    """0 where it passes or the tools are not here, 1 where it fails."""
    steps, what = Steps(), "aarch64"
    emulator = next((path for name in EMULATORS if (path := shutil.which(name))), None)
    if shutil.which(COMPILER) is None or emulator is None:
        steps.skip(what, f"needs {COMPILER} and qemu (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user)")
        return steps.end()
    with tempfile.TemporaryDirectory() as folder:
        for platform, flags in PLATFORMS.items():
            try:
                program = native(COMPILER, Path(folder) / platform, ["-static", *flags])
            except CannotBuild as error:
                steps.skip(f"{what}, {platform} platform", str(error))
                continue
            name = f"{what}, {platform} platform, under {Path(emulator).name}"
            steps.run(name, [emulator, str(program), "20000", "10"], 600)
    return steps.end()


if __name__ == "__main__":
    sys.exit(main())
