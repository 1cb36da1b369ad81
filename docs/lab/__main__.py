"""`make lab`: makes a student's copy of an exercise, gives hints, and grades what the student has done."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from shlex import quote
from textwrap import fill

from conformance.page import write_between
from docs.lab.exercises import ANSWER, HERE, Exercise, Mistake, exercises, find, hint, make
from docs.lab.grading import grade
from tests.mutation.workspace import ROOT

FOLDER = ROOT / "build" / "lab"
"""Where the students' copies are: a folder for each exercise, by its number."""

SHEET, SOLUTIONS = HERE / "README.md", HERE / "solutions.md"
BEGIN = "<!-- the exercises: by `make pages` -->"
"""In the sheet, above what is made of the exercises."""


def main(words: Sequence[str] | None = None) -> int:
    """0 if it was done, whatever the grade; 2 for a mistake in the command, or in an answer."""
    given = _parser().parse_args(words)
    try:
        if given.pages:
            write_pages()
        elif given.exercise is not None:
            _one(find(given.exercise), given.folder / str(given.exercise), given.hint, given.again)
        elif given.hint or given.again:
            raise ValueError(f"--{'hint' if given.hint else 'again'} is for one exercise: make lab EXERCISE=1 ...")
        elif given.folder != FOLDER and not given.folder.is_dir():
            raise ValueError(f"--folder is where copies are, and there is no folder {given.folder}")
        else:
            _all(given.folder)
    except (OSError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make lab", description=__doc__)
    add = parser.add_argument
    add("--exercise", type=int, metavar="N", help="only this one: begin it, or grade it where it has begun")
    add("--hint", metavar="RULE", help="the next hint on this rule, such as PSH-2, instead of a grade")
    add("--again", action="store_true", help="throw the copy of the exercise away, and begin it anew")
    add("--folder", type=Path, default=FOLDER, metavar="FOLDER", help="where the copies are (default: build/lab)")
    add("--pages", action="store_true", help="write the pages that are made of the exercises")
    return parser


def _one(exercise: Exercise, folder: Path, rule: str | None, again: bool) -> None:
    if again and folder.exists():
        shutil.rmtree(folder)
    if not folder.exists():
        make(exercise, folder)
        print(begun(exercise, folder))
        if not rule:
            return
    print(hint(exercise, rule.upper(), folder) if rule else grade(exercise, folder))


def _all(folder: Path) -> None:
    """Grade what has been begun; where nothing has, say what there is."""
    have = [exercise for exercise in exercises() if (folder / str(exercise.number)).exists()]
    if not have:
        print(table(link=False))
        print("\nmake lab EXERCISE=1 begins the first, and grades it once it has begun; see docs/lab/README.md")
        return
    grades, wrong = [], []
    for exercise in have:
        try:
            grades.append(grade(exercise, folder / str(exercise.number)))
            print(grades[-1], flush=True)
        except ValueError as error:  # the others are graded all the same
            wrong.append(str(error))
    if wrong:
        raise ValueError("\nlab: ".join(wrong))
    rules, complete = sum(len(exercise.breaks) for exercise in have), sum(each.complete for each in grades)
    named, mended = sum(len(each.named) for each in grades), sum(len(each.mended) for each in grades)
    print(f"{len(have)} of {len(exercises())} exercises begun, {complete} complete: "
          f"of {rules} broken rules {named} named and {mended} mended")  # fmt: skip


def begun(exercise: Exercise, folder: Path) -> str:
    """What to do, for a student who has just begun."""
    folder = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    sources, *how = _how(exercise)
    if sys.prefix != sys.base_prefix:
        how.insert(0, f". {quote(sys.prefix)}/bin/activate")
    beside = folder.resolve().parent
    elsewhere = "" if beside == FOLDER else f' ARGS="--folder {quote(str(beside))}"'
    graded = f"`make lab EXERCISE={exercise.number}{elsewhere}`"
    steps = [
        f"Exercise {exercise.number}, {exercise.title!r}, about {exercise.minutes} minutes:",
        exercise.report,
        f"Its sources are in {folder / sources}. Find out which rules it breaks:",
        "\n".join(f"    {line}" for line in (f"cd {quote(str(folder))}", *how)),
        f"Name them in {folder / ANSWER}, mend the sources, and {graded} grades both.",
    ]
    return "\n\n".join(steps)


def _how(exercise: Exercise) -> tuple[str, ...]:
    """Where the sources are, and what to run on them."""
    if exercise.kind == "model":
        return "broken", "omni-conformance run --target broken --only unit"
    run = ("core", "make", "omni-conformance run --target ./libbroken.so --only unit --only blocking")
    return (*run, "omni-conformance explore --core core --fences asymmetric")


# ---- the pages that are made of the exercises ----


def table(link: bool = True) -> str:
    """What there is."""
    rows = ["| exercise | of | minutes | rules broken |", "|---|---|--:|--:|"]
    for each in exercises():
        title = f"{each.number}. {each.title}"
        if link:
            title = f"[{title}](#{each.number}-{each.title.lower().replace(' ', '-')})"
        rows.append(f"| {title} | a {each.kind} | {each.minutes} | {len(each.breaks)} |")
    return "\n".join(rows)


def reports() -> str:
    """The part of the sheet that is made: what there is, and the report on each."""
    parts = [table()]
    for each in exercises():
        parts += [f"### {each.number}. {each.title}", each.report]
    return "\n\n".join(parts) + "\n"


def solutions() -> str:
    """The page of the solutions."""
    parts = ["---\nnosearch: true\n---", "# Solutions of the lab", SOLUTIONS_ABOVE]
    for each in exercises():
        parts.append(f"## {each.number}. {each.title}")
        parts.append("Broken: " + ", ".join(f"[{rule}](../rules.md#{rule.lower()})" for rule in each.breaks) + ".")
        for mistake in each.mistakes:
            parts.append(fill(f"{mistake.why} Breaks {', '.join(mistake.breaks)}.", 120))
            parts.append(f"[{mistake.change.file}](../../{mistake.change.file}):")
            parts.append(f"```diff\n{_mending(mistake)}\n```")
    return "\n\n".join(parts) + "\n"


def _mending(mistake: Mistake) -> str:
    """The change that mends it, with a line of context."""
    source = (ROOT / mistake.change.file).read_text(encoding="utf-8")
    lines = unified_diff(mistake.change.apply(source).splitlines(), source.splitlines(), n=1, lineterm="")
    _, _, _, *rest = lines  # the names of both files, and the first place
    return "\n".join(" ..." if line.startswith("@@") else line for line in rest)


SOLUTIONS_ABOVE = """\
<!-- Made from exercises.toml by `make pages`: edit that file. -->

Of each mistake: the change that mends it, what is wrong, and the rules that `omni-conformance` names where it is the
only one."""


def write_pages() -> None:
    """Write both."""
    write_between(BEGIN, reports(), SHEET)
    SOLUTIONS.write_text(solutions(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
