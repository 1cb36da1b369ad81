"""The examples (targets, programs) and the commands of the guide for implementers, each run as a reader would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import fast_impl
from tests.docs.test_blocks import programs

# ---- the examples: docs/examples/target_c ----


pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "examples" / "target_c"
TELEMETRY = TARGET.with_name("telemetry.py")
SAMPLE_SIZE = 48
"""Of a FlatBuffer with three numbers of eight bytes; one that is 0 is left out."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path]))}
SANITIZERS = {
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "thread": ["-fsanitize=thread"],
}


def _needs(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on the PATH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, compiled by its own Makefile, in which warnings are errors."""
    _needs("make", "cc")
    folder = tmp_path_factory.mktemp("target") / "target_c"
    shutil.copytree(TARGET, folder, ignore=shutil.ignore_patterns("*.so"))
    _make(folder)
    return folder


def _make(folder: Path) -> None:
    command = ["make", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def _run_suite(folder: Path, *only: str, target: str = "./libomni_naive.so") -> tuple[int, dict[str, object]]:
    """Run the suite as a user would; its exit code and its report."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "conformance", "run", "--target", target, "--json", str(report)]
    command += [part for name in only for part in ("--only", name)]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=280)
    assert report.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(report.read_text())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_random_programs_find_nothing(folder: Path) -> None:
    """They end as in the model; that the other checks hold is a step of the guide."""
    code, report = _run_suite(folder, "CON-3/random-programs-0")
    assert (code, report["failures"], report["verdict"]) == (0, [], "holds")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("line", "broken", "check"),
    [
        ("  k->pops++;\n  for", "  for", "MSG-2/a-message-expires"),
        ("if (--c->open == 0) unregister(c);", "c->open--;", "BRK-8/a-name-is-free-when-both-handles-are-gone"),
        ("room -= c->buffers[i].pins > 0;", ";", "MSG-3/a-refused-pop-takes-and-counts-nothing"),
        ("clamp(capacity, 8, 524288)", "clamp(capacity, 8, 65536)", "BRK-2/capacity-524287-is-requested"),
    ],
)
def test_with_a_line_broken_it_does_not(folder: Path, tmp_path: Path, line: str, broken: str, check: str) -> None:
    """The suite names the rule that the line is for, and prints a program that fails for it.

    One check of the rule is run: what all of them say of such a mistake is seen of the deviants (tests/mutation).
    """
    rule = check.partition("/")[0]
    shutil.copytree(folder, tmp_path / "mine", ignore=shutil.ignore_patterns("*.so"))
    source = tmp_path / "mine" / "omni_naive.c"
    text = source.read_text()
    assert text.count(line) == 1
    # In a program without it, a helper may be left over.
    source.write_text('#pragma GCC diagnostic ignored "-Wunused-function"\n' + text.replace(line, broken))
    _make(tmp_path / "mine")
    code, report = _run_suite(tmp_path / "mine", check)
    assert code == 1
    verdicts = {each["id"]: each["verdict"] for each in report["rules"]}  # type: ignore[attr-defined]
    assert verdicts[rule] == "broken"
    program = next(each["python"] for each in report["failures"] if each["python"])  # type: ignore[attr-defined]
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert "AssertionError" in done.stderr, (program, done.stderr)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_target_in_cpp_keeps_the_rules_of_what_it_has(tmp_path: Path) -> None:
    """With one broker and no pins: what needs them is not provided, and everything else of one thread and two holds."""
    _needs("make", "g++")
    shutil.copytree(TARGET.with_name("target_cpp"), tmp_path / "mine", ignore=shutil.ignore_patterns("*.so"))
    _make(tmp_path / "mine")
    code, report = _run_suite(tmp_path / "mine", "unit", "blocking", target="./libomni_cpp.so")
    assert report["failures"] == []
    assert (code, report["verdict"]) == (0, "holds")
    assert {"brokers", "pins"} < set(report["not_provided"])  # type: ignore[call-overload]
    verdicts = {each["id"]: each["verdict"] for each in report["rules"]}  # type: ignore[attr-defined]
    assert (verdicts["BRK-1"], verdicts["MSG-1"], verdicts["BRK-11"]) == ("holds", "holds", "holds")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_target_in_python_keeps_the_rules_of_one_thread(tmp_path: Path) -> None:
    """Every unit check holds that does not need what it says that it lacks."""
    shutil.copy(TARGET.with_name("target_python") / "omni_deque.py", tmp_path)
    code, report = _run_suite(tmp_path, "unit", target="omni_deque")
    assert report["failures"] == []
    assert (code, report["verdict"]) == (0, "holds")
    verdicts = {each["id"]: each["verdict"] for each in report["rules"]}  # type: ignore[attr-defined]
    held = ("PSH-2", "BRK-11", "MSG-1", "MSG-2", "LIF-4", "RSV-4")
    assert [verdicts[rule] for rule in held] == ["holds"] * len(held)


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_sanitizers_find_nothing(folder: Path, sanitizer: str) -> None:
    """No data race, leak or undefined behaviour in the native program: 20000 messages, and its races."""
    program = folder / f"native-{sanitizer}"
    command = ["cc", "-std=gnu11", "-g", "-O1", "-pthread", f"-I{fast_impl.get_include()}", *SANITIZERS[sanitizer]]
    # The core's own native program, without what looks inside the core.
    others = [path for path in (ROOT / "tests" / "native").glob("*.c") if path.name != "insides.c"]
    command += [str(folder / "omni_naive.c"), *map(str, others), "-o", str(program)]
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert compiled.returncode == 0, compiled.stderr
    done = subprocess.run([program, "20000", "10"], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("20000 messages, 10 rounds of each race: no mistake\n")


# ---- docs/examples/telemetry.py ----


def _telemetry(*arguments: str) -> dict[str, int]:
    """Run the telemetry program; its figures by name, each side's with the side before it."""
    finished = subprocess.run(
        [sys.executable, str(TELEMETRY), *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=50
    )
    assert finished.returncode == 0, finished.stderr
    producer, consumer = finished.stdout.split("Consumer Stats:\n")
    assert producer.startswith("Producer Stats:\n")
    figures = {}
    for side, text in (("producer ", producer), ("consumer ", consumer)):
        for name, number in re.findall(r"^  (\w+): (\d+)", text, re.MULTILINE):
            figures[side + name] = int(number)
    for name, number in re.findall(r"^(Throughput|Sum of values): (\d+)", consumer, re.MULTILINE):
        figures[name] = int(number)
    return figures


@pytest.mark.parametrize("how", [[], ["--copy"]], ids=["in place", "copied"])
@pytest.mark.parametrize("count", [0, 1, 100, 40_000])
def test_telemetry_by_count(count: int, how: list[str]) -> None:
    """Every one of `--count` samples is sent, received, read and counted on both sides, built in place or not."""
    figures = _telemetry("--count", str(count), *how)
    assert figures["producer Sent"] == figures["consumer Received"] == count
    assert figures["producer Bytes"] == figures["consumer Bytes"] == max(0, count * SAMPLE_SIZE - 8)
    assert figures["producer Failed"] == 0
    assert figures["Sum of values"] == 42 * count
    assert "Throughput" in figures


def test_telemetry_by_seconds() -> None:
    """Stopped after a time, the consumer drains everything that was sent."""
    figures = _telemetry("--seconds", "0.5")
    assert figures["producer Sent"] == figures["consumer Received"] > 0


# ---- the other programs: docs/examples.md ----


PAGE = TARGET.parents[1] / "examples.md"
PROGRAMS = sorted(path.stem for path in TARGET.parent.glob("*.py") if path != TELEMETRY)
NEEDS = {"bridge": "zmq", "frames": "numpy"}
"""What a program imports beside the project; without it, its test is skipped."""
MEASURES = {"building"}
"""What takes seconds, to measure."""


@pytest.mark.parametrize("binding", ["c", "cffi"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in MEASURES else ()) for name in PROGRAMS]
)
def test_a_program_finds_what_it_claims(name: str, binding: str) -> None:
    """It says what it found and nothing else, on either binding, with every warning an error."""
    pytest.importorskip(NEEDS.get(name, "fast_impl"), exc_type=ImportError)
    environment = {**ENVIRONMENT, "OMNI_BINDING": binding}
    command = [sys.executable, "-X", "dev", "-W", "error", str(TARGET.with_name(f"{name}.py"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_page_has_every_program() -> None:
    """Its table names each program, and each block of Python has its output beside it."""
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\.py\]", text, re.MULTILINE)) == {*PROGRAMS, TELEMETRY.stem}
    assert [block.line for program in programs(PAGE) for block in program if block.output is None] == []


# ---- the guide: its commands are run, in order, as one session ----


GUIDE = ROOT / "docs" / "implementers.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ?([\w.]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""Language, the name of the file that the block is, where it is one, and text."""

# The whole suite takes minutes: a run that asks for everything gets what fails or passes fastest. Under the sanitizer,
# that the command works is seen in some of it; what it finds in the example, `test_the_sanitizers_find_nothing` says.
COMMAND = """#!/bin/sh
case "$1 $LD_PRELOAD $*" in
"run "*--only*) ;;
"run "*libasan*) set -- "$@" --only PSH --only POP ;;
"run "*) set -- "$@" --only unit --only blocking ;;
esac
exec {python} -m conformance "$@"
"""


def _session() -> str:
    """The guide's commands as a script, which ends where one exits otherwise than the guide says."""
    script = ['fail() { echo "exited with $1: $2" >&2; exit 99; }']
    for language, file, text in BLOCK.findall(TEXT):
        if file:
            script.append(f"cat > {file} <<'END'\n{text}END")
        if language != "sh" or "pip install" in text:
            continue
        for line in text.splitlines():
            command, _, comment = line.partition("  # exits ")
            name = command.replace("'", "")
            script.append(f"{command}\ncode=$?; [ $code = {comment or 0} ] || fail $code '{name}'")
    return "\n".join(script)


def _plugin() -> str:
    """The plugin by its name, where an older installation does not bring it along."""
    installed = any(point.value == "omnimailbox_pytest" for point in entry_points(group="pytest11"))
    return "" if installed else "-p conformance.omnimailbox_pytest"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_works_and_prints_what_the_guide_says(tmp_path: Path) -> None:
    """From the copy of the example to the sanitizer and pytest, each command exits as the guide says."""
    for tool in ("make", "cc", "g++", "sh"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on the PATH")
    runtime = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, timeout=20).stdout
    if not Path(runtime.strip()).is_absolute():
        pytest.skip("no libasan.so that cc knows of")
    tools, clone = tmp_path / "bin", tmp_path / "clone"
    tools.mkdir()
    shutil.copytree(ROOT / "docs", clone / "docs", ignore=shutil.ignore_patterns("*.so"))
    for name, text in (
        ("omni-conformance", COMMAND.format(python=sys.executable)),
        ("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
        ("pytest", f'#!/bin/sh\nexec {sys.executable} -m pytest {_plugin()} "$@"\n'),
    ):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path])),
    }
    done = subprocess.run(
        ["sh", "-c", _session()], cwd=clone, env=environment, capture_output=True, text=True, timeout=580
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    for language, file, text in BLOCK.findall(TEXT):
        if language == "text" and not file and not text.startswith("omni-conformance "):
            assert [line for line in text.splitlines() if _plain(line) not in _plain(done.stdout)] == []


def test_the_features_are_those_there_are() -> None:
    """The table of what a target may lack names every feature, and no other."""
    from conformance.targets import FEATURES

    table = TEXT.split("| feature | means |")[1].split("\n\n")[0]
    names = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert set(re.findall(r"`([a-z-]+)`", "".join(names))) == set(FEATURES)
