"""Says in plain words what this machine lacks for the build. Runs before anything is installed."""

import os
import shlex
import shutil
import sys
import sysconfig

WANTED = (3, 11)


def missing():
    """One sentence for each thing that is missing."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info[:2] < WANTED:
        yield (
            f"Python {WANTED[0]}.{WANTED[1]} or later is needed; {sys.executable} is {version}. "
            "Name another: make PYTHON=python3.12 ..."
        )
        return
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        yield f"no C compiler: {compiler} is not on PATH. Debian and Ubuntu: apt-get install gcc; or set CC."
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        yield (
            f"the C headers of Python {version} are missing ({header}). "
            f"Debian and Ubuntu: apt-get install python{version}-dev"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        yield (
            f"Python {version} cannot make virtual environments. "
            f"Debian and Ubuntu: apt-get install python{version}-venv"
        )


def main():
    problems = list(missing())
    for problem in problems:
        sys.stderr.write(f"omnimailbox: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
