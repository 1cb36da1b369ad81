"""The tools that must catch mutants: each runs on one, and says what it found."""

from __future__ import annotations

import itertools
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NamedTuple

from conformance.checks import CHECKS, Check
from conformance.checks.registry import LAYERS
from conformance.checks.sample import MALFORMED, WELL_FORMED
from conformance.workers.process import Worker
from tests.fast_impl.flatbuffers.agree import requests
from tests.fast_impl.flatbuffers.buffers import CORNERS, deep, flexbuffers, flexible, mutated
from tests.fast_impl.flatbuffers.oracle import Request
from tests.fast_impl.flatbuffers.other_library import Cases
from tests.fast_impl.flatbuffers.schemas import FLEXIBLE, INCONSISTENT, NAMES, path
from tests.mutation import workspace
from tests.mutation.mutant import Catch, Mutant
from tests.native.programs import SANITIZERS, CannotBuild
from tests.native.prove import PROOFS, ProofError, missing, prove
from tests.spec_model.contracts import check as check_contract

LIMIT = 30.0
"""Seconds that a check of the suite may take: one that hangs is a failure by then."""
CONTRACT_SECONDS = 10.0
"""Processor time for CrossHair on a contract. It takes what a function calls by its contract alone, so a tag names the
function that the mistake is in."""
BUFFERS, SCHEMAS = 4000, 1000
"""Random cases for the verifier, of each schema."""


class Missing(Exception):
    """What a tool needs and this machine lacks."""


class Found(NamedTuple):
    """caught: whether the tool failed by what the mutant is tagged with. by: that, in short. seen: all that failed."""

    caught: bool
    by: str
    seen: str


def run(mutant: Mutant, catch: Catch) -> Found:
    """Run the tool of a tag on the mutant.

    Raises Missing, ValueError where the mutant does not fit its file, Refused where it does not compile, and Unusable
    where the suite cannot load it.
    """
    with TemporaryDirectory(prefix="omni-mutant-") as folder:
        try:
            return TOOLS[catch.tool](mutant, catch, Path(folder))
        except CannotBuild as error:
            raise Missing(str(error)) from None


def _suite(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """The checks of the tagged rules, then all others until enough rules are named, general ones last."""
    name = workspace.target(mutant, folder)
    ordered = sorted(CHECKS, key=lambda check: LAYERS.index(check.layer))
    general = [check for check in ordered if check.layer in ("differential-exhaustive", "differential-random")]
    tagged = [check for check in ordered if check.rule in catch.by and check not in general]
    others = [check for check in ordered if check not in general and check not in tagged]
    failures: dict[str, str] = {}  # rule -> layer, how it ended and check

    def enough() -> bool:
        return (any if catch.one_of else all)(rule in failures for rule in catch.by)

    # Every tagged rule is tried, so that the page names all that the mistake breaks.
    _check(name, folder, tagged, failures, lambda check: check.rule in failures)
    _check(name, folder, [*others, *general], failures, lambda check: enough())
    named = [rule for rule in failures if rule in catch.by]
    seen = ", ".join(f"{rule} by {how}" for rule, how in failures.items()) or "nothing failed"
    return Found(enough(), " ".join(named), failures[named[0]] if enough() else seen)


def _check(
    target: str, folder: Path, checks: Iterable[Check], failures: dict[str, str], unneeded: Callable[[Check], bool]
) -> None:
    """Run the checks that are needed, each after a failure in a fresh worker."""
    worker: Worker | None = None
    try:
        for check in checks:
            if unneeded(check):
                continue
            worker = worker or Worker(target, path=(str(folder),))
            if not check.needs <= worker.provides:
                continue
            outcome = worker.run(check, min(check.limit, LIMIT))
            if outcome.failures:
                how = f"{check.id} ({check.layer}, {outcome.result.outcome})"
                for failure in outcome.failures:
                    failures.setdefault(failure.rule, how)
                worker.stop()
                worker = None
    finally:
        if worker is not None:
            worker.stop()


EXPLORE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.verdict import explore

client = next(each for each in (*QUICK, *FULL) if each.name == sys.argv[2])
print(explore(client, True, Path(sys.argv[1])).why)
"""
"""In a process of its own, which a failure may leave in any state, with the explorer below the root given last."""


def _explorer(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """Explore the client that shows the mistake, with asymmetric fences."""
    workspace.compiler()
    client, failure = catch.by
    root = workspace.patched(mutant, folder)
    of_core = mutant.file.startswith(f"{workspace.CORE}/")
    core, engine = (root / workspace.CORE, workspace.ROOT) if of_core else (workspace.ROOT / workspace.CORE, root)
    done = execute([sys.executable, "-c", EXPLORE, str(core), client, str(engine)], 170)
    why = done.stdout.strip()
    return Found(done.returncode == 0 and bool(why) and why.startswith(failure), why.partition(":")[0], _last(done))


def _native(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """A check fails: exit status 1, and the phase."""
    done = execute([str(workspace.native(mutant, folder)), "100000", "100", "20"], 150)
    caught = done.returncode == 1 and "not so: " in done.stderr and f'in phase "{catch.by[0]}' in done.stderr
    return Found(caught, "a check fails", _last(done))


def _hang(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """No progress for the limit: exit status 2, the phase, and stacks where there is a debugger."""
    done = execute([str(workspace.native(mutant, folder)), "100000", "2000", "3"], 150)
    caught = done.returncode == 2 and f'hung: no progress for 3 s in phase "{catch.by[0]}' in done.stderr
    return Found(caught and ("platform_sleep" in done.stderr or "no stacks: " in done.stderr), "hangs", _last(done))


def _sanitizer(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """What no check of the program can see ends it with the sanitizer's report."""
    name, report = catch.by
    # Where addresses are randomised over too many bits, the thread sanitizer finds its own taken.
    fixed = [tool, "-R"] if (tool := shutil.which("setarch")) else []
    done = execute([*fixed, str(workspace.native(mutant, folder, SANITIZERS[name])), "100000", "20", "30"], 150)
    return Found(done.returncode not in (0, 2) and report in done.stderr, report, _last(done))


def _cbmc(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """A proof fails, and names the claim or the operation."""
    name, claim = catch.by
    proof = next(each for each in PROOFS if each.name == name)
    if lacking := missing(proof):
        raise Missing(lacking)
    try:
        problems = prove(proof, workspace.patched(mutant, folder) / workspace.CORE, about=claim).problems
    except ProofError as error:
        return Found(False, "", str(error))
    found = [each for each in problems if claim in each]
    return Found(bool(found), "refuted", (found or problems or ["proved"])[0])


def _verifier(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """Another verdict than the installed verifier's on some buffer or schema, or a crash."""
    sources = sorted((workspace.patched(mutant, folder) / workspace.VERIFIER).glob("*.c"))
    library = folder / "changed.so"
    command = [workspace.compiler(), "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", *map(str, sources)]
    subprocess.run([*command, "-o", str(library)], check=True, timeout=60)
    compare = [sys.executable, "-m", "tests.fast_impl.flatbuffers.other_library", str(library), str(_cases())]
    done = execute(compare, 90)
    crashed = done.returncode < 0
    return Found(crashed or done.returncode == 3, "crashes" if crashed else "another verdict", _last(done)[:200])


_cases_lock = Lock()


def _cases() -> Path:
    """The buffers and schemas that both verifiers are given."""
    with _cases_lock:
        return Path(_made_cases().name) / "cases"


@cache
def _made_cases() -> TemporaryDirectory[str]:
    random = Random(1)
    known = [Request("sampling", data) for data in (*WELL_FORMED.values(), *MALFORMED.values())]
    known += [request for request, _ in CORNERS.values()]
    for name in NAMES:
        known += itertools.islice(requests(name, random), BUFFERS)
    flex = (deep(64), deep(65), *itertools.islice(flexbuffers(random), BUFFERS))
    known += [Request(FLEXIBLE, flexible(data)) for data in flex]
    whole = [path(name).read_bytes() for name in NAMES]
    schemas = [mutated(one, whole, random) for one in whole for _ in range(SCHEMAS)]
    folder = TemporaryDirectory(prefix="omni-mutant-cases-")
    (Path(folder.name) / "cases").write_bytes(pickle.dumps(Cases(known, [*INCONSISTENT.values(), *schemas])))
    return folder


def _crosshair(mutant: Mutant, catch: Catch, folder: Path) -> Found:
    """A counterexample to the contract of a function, or of one that it calls, within its time."""
    if find_spec("crosshair") is None:
        raise Missing("CrossHair, which runs on CPython only")
    module = mutant.file.removesuffix(".py").replace("/", ".")
    verdict = check_contract(f"{module}.{catch.by[0]}", workspace.patched(mutant, folder), CONTRACT_SECONDS)
    counterexample = re.compile(r"error: (false|PreconditionFailed: .*) when calling ")
    caught = any(map(counterexample.match, verdict.lines.values()))
    return Found(verdict.exit_code == 1 and caught, "a counterexample", verdict.output)


def execute(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}
    try:
        return subprocess.run(
            command, cwd=workspace.ROOT, env=environment, capture_output=True, text=True, errors="replace",
            timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"it did not end within {seconds:.0f} s")


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """How a program ended, and the last line that it printed."""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return f"exit status {done.returncode}: {lines[-1] if lines else 'nothing printed'}"


TOOLS: dict[str, Callable[[Mutant, Catch, Path], Found]] = {
    "suite": _suite,
    "explorer": _explorer,
    "native": _native,
    "hang": _hang,
    "sanitizer": _sanitizer,
    "cbmc": _cbmc,
    "verifier": _verifier,
    "crosshair": _crosshair,
}
"""The names that tags have -> what runs."""
