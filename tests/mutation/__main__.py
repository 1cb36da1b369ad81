"""`make mutation`: runs the tools that must catch mutants on some of the list, or with --all on all of it."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.__main__ import Progress
from conformance.page import END, write_between
from conformance.rules import RULES
from conformance.targets import Unusable
from tests.mutation import tools
from tests.mutation.deviants import DEVIANTS
from tests.mutation.deviants import run as run_deviant
from tests.mutation.deviants import table as deviants_table
from tests.mutation.mutant import Catch, Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.tools import Found
from tests.native.programs import Refused

SAMPLE = os.environ.get("OMNI_SAMPLE", "")
"""As in tests/conftest.py: with another text, others are chosen where not all are."""
QUICK = {
    "suite": 40, "explorer": 28, "native": 5, "hang": 3, "sanitizer": 5, "cbmc": 10, "verifier": 24, "crosshair": 8,
}  # fmt: skip
"""Of how many entries of a tool and a package the quick subset takes one."""

Trial = tuple[Mutant, Catch]
"""A mutant, and a tool that must catch it."""


@dataclass(frozen=True)
class Result:
    """What came of one tool on one mutant. skipped: what the machine lacks for it, else ""."""

    mutant: Mutant
    catch: Catch
    found: Found | None
    skipped: str = ""

    @property
    def missed(self) -> bool:
        """Whether the tool ran and did not fail by what the mutant is tagged with."""
        return self.found is not None and not self.found.caught


def _broken_by(result: Result) -> list[str]:
    """The rules by which the suite caught the mutant."""
    if result.catch.tool == "suite" and result.found is not None and result.found.caught:
        return result.found.by.split()
    return []


def unbroken(results: Sequence[Result]) -> list[str]:
    """The rules that no mutant was caught breaking, in their order."""
    broken = {rule for result in results for rule in _broken_by(result)}
    return [rule for rule in RULES if rule not in broken]


def rows(results: Sequence[Result]) -> list[tuple[str, str, str, str, str]]:
    """For each mutant and tool: the file, the mutant, the tool, what it named, and how it was found."""
    table = []
    for result in results:
        if result.found is None:
            named, how = str(result.catch), "not run"
        elif result.found.caught and result.catch.tool == "suite":
            named, how = result.found.by, result.found.seen
        else:
            named, how = str(result.catch), result.found.by if result.found.caught else "NOT CAUGHT"
        table.append((result.mutant.file, result.mutant.id, result.catch.tool, named, how))
    return sorted(table)


def text(results: Sequence[Result]) -> str:
    """The table for a terminal."""
    table = [("file", "mutant", "tool", "must name", "caught by"), *rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines)


def summary(results: Sequence[Result], whole: bool) -> str:
    """The verdict in words. whole: of all mutants, so that rules which none breaks are named."""
    lines = []
    for result in results:
        if result.found is not None and result.missed:
            lines.append(
                f"NOT CAUGHT: {result.mutant.id} ({result.mutant.file}), which {result.catch.tool} must catch by "
                f"{result.catch}: {result.found.seen}"
            )
    if whole:
        lines.append(f"rules that no mutant breaks: {', '.join(unbroken(results)) or 'none'}")
    tried = {result.mutant.id for result in results if result.found is not None}
    missed = {result.mutant.id for result in results if result.missed}
    skipped = Counter((result.catch.tool, result.skipped) for result in results if result.skipped)
    tail = "".join(f"; skipped: {count} by {tool}, {why}" for (tool, why), count in sorted(skipped.items()))
    lines.append(f"{len(tried - missed)} of {len(tried)} mutants caught by the tool and rule named{tail}")
    return "\n".join(lines)


ABOVE = """\
# Mutation testing

Each mutant is a copy of the project with one deliberate mistake: in the model, in the C core, in a binding, in what
the explorer has of the bindings, in the Python code that both share, or in the FlatBuffers verifier. The list is
`tests/mutation/mutants/`; each entry names the tools that must catch it, and what they must name:

- suite: the conformance suite, whose failures must be attributed to these rules. The first check that failed is shown;
- explorer: the exhaustive exploration of this client, with asymmetric fences, which must report this failure;
- native, hang: the native stress program, in which a check must fail, or which must hang, in a phase of this name;
- sanitizer: the native program under the thread or the address sanitizer, whose report must contain this text;
- cbmc: this proof about the core, which must fail with a claim that contains this text;
- verifier: 4,000 buffers and 1,000 schemas of each kind, at least one of which must get a different verdict;
- crosshair: the contract of this function of the model, for which there must be a counterexample.

`make mutation ARGS="--all --markdown docs/mutation.md"` writes this page. `make mutation` alone runs some of the list;
`ARGS="--only NAME"` runs one mutant, the mutants of one file, or one tool.

## Many mistakes at once

Each deviant is an implementation with eight mistakes or more, in `tests/mutation/deviants.py`. The suite must name each
planted rule as broken by itself, with a program that shows it; it may name no other one, but for those allowed with a
reason, and leave three rules undecided at most. `make mutation ARGS="--deviants --markdown docs/mutation.md"` runs the
checks of one thread, of threads and of blocked calls on all of them, and writes this table; with `--all` it runs every
check.

"""
BEGIN = "<!-- what was said of the deviants: by `make mutation` -->"


def markdown(results: Sequence[Result], whole: bool, deviants: str = "") -> str:
    """The page for the documentation: the verdict, the mutants of each rule, and the table of all mutants.

    whole: of all mutants, so that every rule has an anchor. deviants: their table, which another command writes.
    """
    lines = [
        "## One at a time",
        "",
        *summary(results, whole).replace("\n", "\n\n").splitlines(),
        "",
        "## By rule",
        "",
        "The mutants that the conformance suite caught by each rule, linked to their rows.",
        "",
    ]
    lines += ["| rule | mutants |", "|---|---|"]
    for rule in RULES:
        names = sorted({result.mutant.id for result in results if rule in _broken_by(result)})
        if names or whole:
            links = ", ".join(f"[{name}](#{name})" for name in names)
            lines.append(f'| <a id="{rule.lower()}"></a>[{rule}](rules.md#{rule.lower()}) | {links} |')
    lines += ["", "## All mutants", "", "| file | mutant | tool | names | caught by |", "|---|---|---|---|---|"]
    anchored: set[str] = set()
    for file, name, tool, named, how in rows(results):
        anchor = "" if name in anchored else f'<a id="{name}"></a>'
        anchored.add(name)
        cells = [file, name, tool, *(cell.replace("|", "\\|") for cell in (anchor + named, how))]
        lines.append("| " + " | ".join(cells) + " |")
    return f"{ABOVE}{BEGIN}\n\n{deviants}\n{END}\n\n" + "\n".join(lines) + "\n"


def _written(page: Path) -> str:
    """The table of the deviants in a page, "" where there is none."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n")


def main(words: Sequence[str] | None = None) -> int:
    """0 if every mutant is caught, and with --all every rule is broken by one; 1 if not; 2 for any other mistake."""
    given = _parser().parse_args(words)
    if given.workers < 1:
        print("mutation: --workers must be at least 1", file=sys.stderr)
        return 2
    if given.deviants:
        return _deviants(given.workers, given.all, given.only, given.markdown)
    if given.markdown is not None and (given.only or not given.all):
        print("mutation: --markdown writes the page of the whole list: it needs --all, without --only", file=sys.stderr)
        return 2
    try:
        chosen = _chosen(given.only, given.all)
    except ValueError as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 2
    results = _run_all(chosen, given.workers)
    whole = given.all and not given.only
    print(text(results))
    print()
    print(summary(results, whole))
    if given.markdown is not None:
        page = markdown(results, whole, _written(given.markdown))
        given.markdown.write_text(page, encoding="utf-8")
    return 1 if any(result.missed for result in results) or (whole and unbroken(results)) else 0


def _deviants(workers: int, everything: bool, only: Sequence[str], page: Path | None) -> int:
    """0 if the suite says of every deviant what it must, 1 if not; 2 for a name that none has."""
    chosen = [deviant for deviant in DEVIANTS if not only or deviant.id in only]
    if SAMPLE and not only and not everything and page is None:
        chosen = chosen[_first("deviants", 2) :: 2]
    if unknown := [name for name in only if name not in [deviant.id for deviant in DEVIANTS]]:
        print(f"mutation: no deviant is called {', '.join(unknown)}", file=sys.stderr)
        return 2
    if page is not None and only:
        print("mutation: --markdown writes the table of all deviants: without --only", file=sys.stderr)
        return 2
    results = []
    for deviant in chosen:
        with TemporaryDirectory(prefix="omni-deviant-") as folder:
            results.append(said := run_deviant(deviant, Path(folder), workers, everything)[0])
        parts = {"not named with a program": said.missing, "unplanted": said.unplanted, "undecided": said.undecided}
        words = "; ".join(f"{what}: {' '.join(rules) or 'none'}" for what, rules in parts.items())
        print(f"deviant {deviant.id}: {said.seconds:.0f} s; {words}", flush=True)
    print(deviants_table(results))
    if page is not None:
        write_between(BEGIN, deviants_table(results) + "\n", page)
    return 0 if all(said.passes for said in results) else 1


def _first(what: str, every: int) -> int:
    """Where one in `every` of these begins, with SAMPLE."""
    return random.Random(f"{SAMPLE} {what}").randrange(every)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    add = parser.add_argument
    add("--all", action="store_true", help="every mutant with every tool, instead of some of each tool's")
    add("--only", action="append", default=[], metavar="NAME",
        help="only this mutant, the mutants of this file or folder, or this tool; all of them; repeatable")  # fmt: skip
    add("--deviants", action="store_true", help="run the suite on the implementations with many mistakes, instead")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="at a time (default: %(default)s)")
    add("--markdown", type=Path, metavar="FILE", help="write the table as a page too")
    return parser


def _chosen(only: Sequence[str], everything: bool) -> list[Trial]:
    """All trials of the list, those with one of the names in `only`, or the quick subset; ValueError for no name."""
    trials = [(mutant, catch) for mutant in MUTANTS for catch in mutant.caught_by]
    if only:
        unknown = [name for name in only if not any(_is(trial, name) for trial in trials)]
        if unknown:
            raise ValueError(f"no mutant, file or tool is called {', '.join(unknown)}")
        return [trial for trial in trials if any(_is(trial, name) for name in only)]
    return trials if everything else quick(trials)


def _is(trial: Trial, name: str) -> bool:
    mutant, catch = trial
    return name in (mutant.id, catch.tool) or f"/{name.strip('/')}/" in f"/{mutant.file}/"


def quick(trials: Sequence[Trial]) -> list[Trial]:
    """Some of each tool's, distributed over the packages and over the list; with SAMPLE, some that it chooses."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for mutant, catch in trials:
        folder = mutant.file.split("/")[:2] if mutant.file.startswith("fast_impl/") else ["spec_model"]
        groups.setdefault((catch.tool, "/".join(folder)), []).append((mutant, catch))
    chosen = []
    for (tool, package), group in groups.items():
        every = min(QUICK[tool], len(group))
        first = _first(f"{tool} {package}", every) if SAMPLE else every // 2
        chosen += group[first :: QUICK[tool]]
    return chosen


def _run_all(trials: Sequence[Trial], workers: int) -> list[Result]:
    progress = Progress(unit="runs on mutants", found="not caught")
    progress.begin({f"{catch.tool} {mutant.id}": 1.0 for mutant, catch in trials})
    results: list[Result] = []
    pool = ThreadPoolExecutor(workers)
    try:
        for future in as_completed([pool.submit(_run, *trial) for trial in trials]):
            results.append(done := future.result())
            missed = sum(result.missed for result in results)
            progress.advance(f"{done.catch.tool} {done.mutant.id}", len(results), missed)
    finally:
        pool.shutdown(cancel_futures=True)
        progress.finish()
    return results


def _run(mutant: Mutant, catch: Catch) -> Result:
    try:
        return Result(mutant, catch, tools.run(mutant, catch))
    except tools.Missing as error:
        return Result(mutant, catch, None, str(error))
    except (Refused, Unusable, ValueError) as error:  # it does not fit, compile or load: a mistake in the list
        return Result(mutant, catch, tools.Found(False, "", str(error)))


if __name__ == "__main__":
    sys.exit(main())
