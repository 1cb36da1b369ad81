"""The supported versions of the FlatBuffers runtime, and the generated classes of the tests and the example."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import flatbuffers
import pytest

from fast_impl.flatbuffers import building

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def test_the_installed_version_is_supported() -> None:
    """The check passes."""
    building.check_runtime(flatbuffers.__version__, flatbuffers.Builder)


@pytest.mark.parametrize("version", ["23.5.26", "24.3.5", "26.0", "26.1.1", "2.0", "latest"])
def test_another_version_is_refused(version: str) -> None:
    """ImportError names the version and the supported ones."""
    with pytest.raises(ImportError, match=rf"flatbuffers {re.escape(version)} .*flatbuffers>=24\.3\.6,<26"):
        building.check_runtime(version, flatbuffers.Builder)


def test_another_builder_is_refused() -> None:
    """Even with a supported version: other fields mean another implementation."""

    class Other:
        __slots__ = (*flatbuffers.Builder.__slots__, "more")

    for other in (Other, object):
        with pytest.raises(ImportError, match="has other fields than fast_impl knows"):
            building.check_runtime("25.12.19", other)


def test_building_with_an_unsupported_runtime() -> None:
    """`build` raises the ImportError each time; everything else works."""
    program = (
        "import flatbuffers; flatbuffers.__version__ = '99.1'\n"
        "import fast_impl as omni\n"
        "with omni.open_channel() as channel:\n"
        "    for _ in range(2):\n"
        "        try:\n"
        "            channel.producer.build()\n"
        "        except ImportError as error:\n"
        "            print(error)\n"
        "    channel.producer.send(b'sent')\n"
        "    print(channel.consumer.receive())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.stderr == ""
    *refused, sent = done.stdout.splitlines()
    assert [line.split(" is not")[0] for line in refused] == ["flatbuffers 99.1"] * 2
    assert sent == "b'sent'"


def test_fast_impl_is_imported_without_it() -> None:
    """FlatBuffers and NumPy are imported on first use."""
    program = "import sys, fast_impl; assert not {'flatbuffers', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, cwd=ROOT)


@pytest.mark.once
def test_the_dependency_has_the_supported_range() -> None:
    """In pyproject.toml."""
    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first, beyond = (".".join(map(str, numbers)) for numbers in (building.FIRST, building.BEYOND))
    assert f"flatbuffers>={first},<{beyond}" in project["dependencies"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("schema", "options", "generated"),
    [
        (HERE / "everything.fbs", ["--gen-onefile", "--gen-object-api"], "*_generated.py"),
        (ROOT / "docs" / "examples" / "telemetry.fbs", [], "telemetry/*.py"),
    ],
    ids=["everything", "telemetry"],
)
def test_the_generated_classes_are_current(schema: Path, options: list[str], generated: str, tmp_path: Path) -> None:
    """The committed files are the output of flatc 2.0.8."""
    flatc = shutil.which("flatc")
    if flatc is None or "2.0.8" not in subprocess.check_output([flatc, "--version"], text=True):
        pytest.skip("needs flatc 2.0.8")
    subprocess.run([flatc, "--python", *options, "-o", str(tmp_path), str(schema)], check=True, timeout=30)
    new, committed = (
        {path.name: path.read_text() for path in folder.glob(generated)} for folder in (tmp_path, schema.parent)
    )
    assert new and new == committed
