"""The exercises, as data: which mistakes are planted in which sources, and the copy that a student works on."""

from __future__ import annotations

import re
import shutil
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from conformance.rules import RULES
from tests.mutation import workspace
from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS

HERE = Path(__file__).parent

ANSWER, HINTS = "ANSWER", "HINTS"
"""In the folder of a student's copy: the rules that are named, and those that hints were asked for."""

_SHEET = """\
{number}. {title}

{report}

The rules of docs/rules.md that this {kind} breaks, one id a line, like PSH-2. What comes behind a # is not read.
"""

_MAKEFILE = """\
# make: the library for `omni-conformance run --target ./libbroken.so`
libbroken.so: $(wildcard core/*.[ch] core/platform/*.[ch]) Makefile
\t$(CC) -std=gnu11 -O1 -g -shared -fPIC -pthread -Icore -Icore/platform core/*.c core/platform/*.c -o $@
"""


class Mistake(NamedTuple):
    """A planted mistake. breaks: the rules that the suite, or the explorer, names where it is the only one."""

    change: Mutant
    breaks: tuple[str, ...]
    why: str


class Exercise(NamedTuple):
    """A broken model or a broken core.

    report: what a user says of it. hints: by the id of a broken rule, vague ones first. clients: of the explorer, by
    name, which are explored beside the suite's checks.
    """

    number: int
    title: str
    minutes: int
    report: str
    mistakes: tuple[Mistake, ...]
    hints: dict[str, tuple[str, ...]]
    clients: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """A "model", in Python, or a "core", in C."""
        return "core" if self.mistakes[0].change.file.startswith(f"{workspace.CORE}/") else "model"

    @property
    def breaks(self) -> list[str]:
        """The rules to be named and mended, in the order of the catalogue."""
        return [rule for rule in RULES if any(rule in mistake.breaks for mistake in self.mistakes)]


@cache
def exercises() -> tuple[Exercise, ...]:
    """All of `exercises.toml`; ValueError for what is wrong there."""
    data = tomllib.loads((HERE / "exercises.toml").read_text(encoding="utf-8"))
    return tuple(_exercise(number, each) for number, each in enumerate(data["exercise"], 1))


def _exercise(number: int, data: dict[str, Any]) -> Exercise:
    mistakes = tuple(_mistake(f"exercise_{number}", each) for each in data["mistake"])
    hints = {rule: tuple(texts) for rule, texts in data["hints"].items()}
    exercise = Exercise(
        number, data["title"], data["minutes"], data["report"].strip(), mistakes, hints, tuple(data.get("clients", ()))
    )
    if set(hints) != set(exercise.breaks) or not all(hints.values()):
        raise ValueError(f"exercise {number} breaks {', '.join(exercise.breaks)}, and has hints on {', '.join(hints)}")
    return exercise


def _mistake(name: str, data: dict[str, Any]) -> Mistake:
    """A mutant of the list by its id, or a change of its own."""
    if "mutant" in data:
        change = next((each for each in MUTANTS if each.id == data["mutant"]), None)
        if change is None:
            raise ValueError(f"{name}: no mutant is called {data['mutant']!r}; see docs/mutation.md")
    else:
        change = Mutant(name, data["file"], (), data["old"], data["new"])
    if unknown := [rule for rule in data["breaks"] if rule not in RULES]:
        raise ValueError(f"{name}: no rule is called {unknown[0]!r}; see docs/rules.md")
    return Mistake(change, tuple(data["breaks"]), data["why"].strip())


def find(number: int) -> Exercise:
    """The exercise of a number; ValueError where there is none."""
    every = exercises()
    if not 1 <= number <= len(every):
        raise ValueError(f"there is no exercise {number}: they are 1 to {len(every)}")
    return every[number - 1]


def make(exercise: Exercise, folder: Path, mistakes: tuple[Mistake, ...] | None = None) -> None:
    """Make the student's copy in a new folder: the sources with the mistakes, and a sheet for the answer.

    A model is the package `broken` in it; a core is the sources in `core`, and a Makefile. mistakes: only these.
    FileExistsError where the folder is there already.
    """
    folder.mkdir(parents=True)
    changes = [mistake.change for mistake in (exercise.mistakes if mistakes is None else mistakes)]
    with TemporaryDirectory(prefix="omni-lab-") as name:
        root = workspace.patched(changes[0], Path(name), *changes[1:])
        if exercise.kind == "core":
            shutil.copytree(root / workspace.CORE, folder / "core")
            (folder / "Makefile").write_text(_MAKEFILE)
        else:
            workspace.rename_model(root / "spec_model", Path(name) / "broken")
            shutil.copytree(Path(name) / "broken", folder / "broken")
            for shared in workspace.SHARED:  # which it takes from the model
                (folder / "broken" / f"{shared}.py").unlink()
    sheet = _SHEET.format(**{**exercise._asdict(), "kind": exercise.kind})
    (folder / ANSWER).write_text("".join(f"# {line}".rstrip() + "\n" for line in sheet.splitlines()) + "\n")


def answer(folder: Path) -> list[str]:
    """The rules that the student names, once each; ValueError for a word that is no rule."""
    named: dict[str, None] = {}
    for number, line in enumerate((folder / ANSWER).read_text(encoding="utf-8").splitlines(), 1):
        for word in re.split(r"[\s,;]+", line.partition("#")[0].strip()):
            if word and word.upper() not in RULES:
                raise ValueError(f"{folder / ANSWER}, line {number}: {word!r} is no rule; rules are like PSH-2")
            named |= {word.upper(): None} if word else {}
    return list(named)


def hint(exercise: Exercise, rule: str, folder: Path) -> str:
    """The next hint on a rule, which is noted down in the folder; ValueError for what is no rule."""
    if rule not in RULES:
        raise ValueError(f"no rule is called {rule!r}; rules are like PSH-2")
    asked = hints_asked(folder)
    with (folder / HINTS).open("a", encoding="utf-8") as file:
        file.write(f"{rule}\n")
    texts = exercise.hints.get(rule)
    if texts is None:
        return f"{rule}: this {exercise.kind} keeps it. {RULES[rule].text}"
    number = min(asked.count(rule), len(texts) - 1)
    return f"{rule}, hint {number + 1} of {len(texts)}: {texts[number]}"


def hints_asked(folder: Path) -> list[str]:
    """The rules of the hints that were asked for, in order."""
    file = folder / HINTS
    return file.read_text(encoding="utf-8").split() if file.exists() else []
