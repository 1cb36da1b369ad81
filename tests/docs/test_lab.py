"""The lab: exercises break the rules that they say, copies are graded by what they do, and the pages are up to date."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from docs.lab import __main__ as command
from docs.lab import grading
from docs.lab.exercises import ANSWER, Exercise, Mistake, answer, exercises, find, hint, hints_asked, make
from docs.lab.grading import grade, judge
from tests.mutation import workspace
from tests.mutation.mutant import Mutant

pytestmark = pytest.mark.once

EXERCISES = [pytest.param(each, id=str(each.number)) for each in exercises()]
MISTAKES = [
    pytest.param(each, mistake, id=f"{each.number}.{number}")
    for each in exercises()
    for number, mistake in enumerate(each.mistakes, 1)
]
LINE = "from __future__ import annotations\n"
NO_MISTAKE = {
    "model": Mistake(Mutant("none", "spec_model/channel/value.py", (), LINE, LINE), (), ""),
    "core": Mistake(Mutant("none", "fast_impl/core/ring.h", (), "#define OMNI_RING_H", "#define OMNI_RING_H"), (), ""),
}

_known: dict[object, Any] = {}


@pytest.fixture(autouse=True)
def _each_source_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several exercises end at the same sources, and one with a single mistake begins with those of the mistake."""

    def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(what: Any, folder: Path) -> Any:
            sources = hashlib.sha256(repr(_sources(folder)).encode()).hexdigest()
            key = (function.__name__, getattr(what, "clients", None), sources)
            if key not in _known:
                _known[key] = function(what, folder)
            return _known[key]

        return call

    monkeypatch.setattr(grading, "_run", remembered(grading._run))
    monkeypatch.setattr(grading, "_explore", remembered(grading._explore))


def _sources(folder: Path) -> dict[str, str]:
    """The student's sources."""
    paths = (path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".c", ".h"))
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@cache
def _true(kind: str) -> dict[str, str]:
    """The sources of a copy without a mistake."""
    with TemporaryDirectory() as folder:
        make(next(each for each in exercises() if each.kind == kind), Path(folder) / "true", (NO_MISTAKE[kind],))
        return _sources(Path(folder) / "true")


def _mend(exercise: Exercise, folder: Path, *mistakes: Mistake) -> None:
    """Undo these mistakes, each of which has a file to itself, or all."""
    for file in {mistake.change.file for mistake in mistakes or exercise.mistakes}:
        name = file.replace("spec_model/", "broken/").replace(f"{workspace.CORE}/", "core/")
        (folder / name).write_text(_true(exercise.kind)[name], encoding="utf-8")


def _needs_a_compiler(exercise: Exercise) -> None:
    if exercise.kind == "core" and not (shutil.which("cc") and shutil.which("make")):
        pytest.skip("no C compiler, or no make, on the PATH")


def _say(folder: Path, text: str) -> None:
    with (folder / ANSWER).open("a", encoding="utf-8") as sheet:
        sheet.write(text)


# ---- what is broken, and how it is graded ----


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_mistake_alone_breaks_what_is_said(exercise: Exercise, mistake: Mistake, tmp_path: Path) -> None:
    """By the verdict of `omni-conformance`, and no other rule."""
    _needs_a_compiler(exercise)
    make(exercise, tmp_path / "it", (mistake,))
    assert set(judge(exercise, tmp_path / "it").broken) == set(mistake.breaks)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_is_graded(exercise: Exercise, tmp_path: Path) -> None:
    """Untouched nothing is named or mended; a wrong name is one; mended, with the right names, it is complete."""
    _needs_a_compiler(exercise)
    folder = tmp_path / "it"
    make(exercise, folder)
    untouched = grade(exercise, folder)
    assert (untouched.named, untouched.wrong, untouched.mended, untouched.fresh) == ([], [], [], [])
    _say(folder, "BRK-1 # a guess\n")
    assert grade(exercise, folder).wrong == ["BRK-1"]
    (folder / ANSWER).write_text(" ".join(exercise.breaks))
    named = grade(exercise, folder)
    assert (named.named, named.wrong, named.mended, named.complete) == (exercise.breaks, [], [], False)
    _mend(exercise, folder)
    assert _sources(folder) == _true(exercise.kind)
    mended = grade(exercise, folder)
    assert mended.complete, mended


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_is_mended_and_what_is_newly_broken_is_told_apart(tmp_path: Path) -> None:
    """One mistake of three is mended; with a new one, which hides others, none is."""
    exercise, folder = find(8), tmp_path / "it"
    make(exercise, folder)
    _mend(exercise, folder, exercise.mistakes[0])
    assert grade(exercise, folder).mended == ["MSG-1"]
    queries = folder / "broken" / "channel" / "queries.py"
    queries.write_text(queries.read_text().replace("return channel.free_slots if", "return 1 if"))
    found = grade(exercise, folder)
    assert (found.mended, found.fresh) == ([], ["PSH-2"])
    assert str(found).endswith("mended 0 of 3, for what held is broken now (PSH-2)")


def test_the_first_exercise_from_its_beginning_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command that a student gives."""

    def said(*words: str) -> str:
        assert command.main(["--folder", str(tmp_path), *words]) == 0
        return capsys.readouterr().out

    assert "[1. " not in said() and "make lab EXERCISE=1 begins the first" in said()
    assert find(1).report in said("--exercise", "1")
    assert said("--exercise", "1") == ("exercise 1: named 0 of 1 broken rules, 0 wrongly; mended 0 of 1\n")
    assert "PSH-1, hint 1 of 2: " in said("--exercise", "1", "--hint", "psh-1")
    _say(tmp_path / "1", "psh-1, STA-1  # or both\n")
    _mend(find(1), tmp_path / "1")
    assert said("--exercise", "1") == (
        "exercise 1: named 1 of 1 broken rules (PSH-1), 1 wrongly (STA-1); mended 1 of 1 (PSH-1); 1 hint\n"
    )
    (tmp_path / "1" / ANSWER).write_text("PSH-1")
    assert said().endswith("; complete\n1 of 15 exercises begun, 1 complete: of 1 broken rules 1 named and 1 mended\n")
    assert find(1).report in said("--exercise", "1", "--again")
    assert answer(tmp_path / "1") == hints_asked(tmp_path / "1") == []


@pytest.mark.parametrize(
    ("number", "file", "text", "why"),
    [
        (1, "broken/channel/pushing.py", "def try_push(:\n", "invalid syntax"),
        (11, "core/producer.c", "int omni_try_push(\n", "error:"),
    ],
    ids=["a model", "a core"],
)
def test_sources_that_cannot_be_judged_are_not_mended(
    number: int, file: str, text: str, why: str, tmp_path: Path
) -> None:
    """The grade says what is wrong with them, in the words of Python or of the compiler."""
    _needs_a_compiler(exercise := find(number))
    make(exercise, tmp_path / "it")
    (tmp_path / "it" / file).write_text(text)
    found = grade(exercise, tmp_path / "it")
    assert not found.mended and not found.complete
    assert "cannot be judged" in str(found) and why in str(found)


# ---- the copy of a student, answers and hints ----


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_copy_says_nothing_of_its_mistakes(exercise: Exercise, tmp_path: Path) -> None:
    """It is the true one but for the files with a mistake, and no word in those tells where that is."""
    make(exercise, tmp_path / "it")
    sources, true = _sources(tmp_path / "it"), _true(exercise.kind)
    changed = {name for name in true if sources[name] != true[name]}
    assert sources.keys() == true.keys()
    assert len(changed) == len({mistake.change.file for mistake in exercise.mistakes})
    for name in changed:
        added = " ".join({*sources[name].split()} - {*true[name].split()}).lower()
        assert not any(word in added for word in ("mistake", "mutant", "exercise", "wrong", "bug", "xxx"))
    with pytest.raises(FileExistsError):
        make(exercise, tmp_path / "it")


def test_an_answer_is_read_with_its_remarks(tmp_path: Path) -> None:
    """Ids in any case, once each, on any number of lines; what is no rule is an error with its line."""
    (tmp_path / ANSWER).write_text("# PSH-3\npsh-1, STA-1\n\nPSH-1 # surely\n")
    assert answer(tmp_path) == ["PSH-1", "STA-1"]
    (tmp_path / ANSWER).write_bytes(b"\xef\xbb\xbfPSH-1")
    assert answer(tmp_path) == ["PSH-1"]
    (tmp_path / ANSWER).write_bytes("é".encode("latin-1"))
    with pytest.raises(ValueError, match=f"{ANSWER} must be text in UTF-8"):
        answer(tmp_path)
    (tmp_path / ANSWER).unlink()
    with pytest.raises(ValueError, match=f"has no file {ANSWER}"):
        answer(tmp_path)
    (tmp_path / ANSWER).write_text("PSH-1\nPHS-2")
    with pytest.raises(ValueError, match="line 2: 'PHS-2' is no rule"):
        answer(tmp_path)


def test_hints_say_more_each_time_and_are_counted(tmp_path: Path) -> None:
    """The last one again once all are given; of a rule that holds, that it does."""
    exercise = find(1)
    first, second = exercise.hints["PSH-1"]
    given = [hint(exercise, "PSH-1", tmp_path) for _ in range(3)]
    assert given == [f"PSH-1, hint 1 of 2: {first}", *[f"PSH-1, hint 2 of 2: {second}"] * 2]
    assert hint(exercise, "PSH-2", tmp_path).startswith("PSH-2: this model keeps it. ")
    assert hints_asked(tmp_path) == ["PSH-1", "PSH-1", "PSH-1", "PSH-2"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--exercise", "16"], "there is no exercise 16: they are 1 to 15"),
        (["--exercise", "1", "--hint", "PHS-1"], "no rule is called 'PHS-1'"),
        (["--hint", "PSH-1"], "--hint is for one exercise"),
        (["--again"], "--again is for one exercise"),
    ],
)
def test_mistakes_in_the_command_are_reported(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, and the reason."""
    make(find(1), tmp_path / "1")
    assert command.main(["--folder", str(tmp_path), *words]) == 2
    assert says in capsys.readouterr().err


def test_a_copy_elsewhere_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the command that grades it; and a folder that is not there is not one in which nothing has begun."""
    folder = tmp_path / "of mine"
    assert command.main(["--folder", str(folder), "--exercise", "1"]) == 0
    assert f"`make lab EXERCISE=1 ARGS=\"--folder '{folder}'\"` grades both" in capsys.readouterr().out
    assert command.main(["--folder", str(tmp_path / "of yours")]) == 2
    assert "there is no folder" in capsys.readouterr().err


# ---- the pages ----


def test_the_pages_are_up_to_date() -> None:
    """The sheet and the solutions are what `make pages` writes, and the one names the other once."""
    sheet = command.SHEET.read_text(encoding="utf-8")
    _, _, rest = sheet.partition(command.BEGIN)
    assert rest.partition("<!-- until here -->")[0].strip() == command.reports().strip(), "stale: make pages"
    assert command.SOLUTIONS.read_text(encoding="utf-8") == command.solutions(), "stale: make pages"
    assert sheet.count("solutions") == 2  # the word, and the file


def test_there_are_ten_models_and_five_cores() -> None:
    """The models first; from one rule on to several, and some that only the explorer can see."""
    assert [each.kind for each in exercises()] == ["model"] * 10 + ["core"] * 5
    assert [len(each.breaks) for each in exercises()][:2] == [1, 1]
    assert len({rule for each in exercises() for rule in each.breaks}) >= 25
