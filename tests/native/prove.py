"""`make prove`: CBMC proves memory safety and the arithmetic of buffers and indices, for every configuration.

Every capacity and message size, every start index, every argument, and every state of a channel that its invariant
allows; each operation by itself, so what follows holds for any number of them. Threads are not its subject: that is the
exploration's. Without CBMC on the PATH (Debian: cbmc), and kissat and z3 for products of two unknowns, it says so and
skips.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.native.programs import CORE, HERE, Steps

HARNESSES = HERE / "prove"
POOL = ("pool_at:buffer_of_its_own", "pool_place:place_of_its_own")
INSTEAD = (*POOL, "pool_take:any_buffer", "memcpy:checked_copy", "platform_back_off:no_back_off")
"""Calls of a harness's own functions in the place of the core's."""
TOOLS = ("cbmc", "goto-cc", "goto-instrument")
NO_BUILTIN = "__builtin_thread_pointer=unknown"
"""CBMC does not have it: the platform takes pthread_self instead."""
KISSAT = ("--external-sat-solver", "kissat")
"""It finds that two circuits of one product are the same; CBMC's own solver and z3 do not, in reasonable time."""
LIMIT = 900
"""Seconds for one call of CBMC."""
AXIOM = """
(declare-const x Int)
(declare-const y Int)
(declare-const s Int)
(assert (and (<= 0 x) (< x y) (< 0 s)))
(assert (not (<= (+ (* x s) s) (* y s))))
(check-sat)
"""
"""What shapes.c assumes of products, over the integers: z3's answer "unsat" is its proof."""


@dataclass(frozen=True)
class Proof:
    """A harness of `prove/`, and what it needs."""

    name: str
    source: str
    defines: tuple[str, ...] = ()
    unwind: int = 3
    instead: tuple[str, ...] = ()  # each buffer an object; where buffers lie is the proof "buffers"
    products: bool = False  # of two unknowns: for kissat, one question at a time


PROOFS = (
    Proof("requests", "shapes.c", ("REQUESTS",), unwind=20),
    Proof("buffers", "shapes.c", unwind=22, products=True),
    *(
        Proof(f"pool: {operation}", "pool.c", (operation.upper(),), instead=(*POOL, *more))
        for operation, *more in (
            ("take", "pool_reclaim:any_reclaim"), ("reclaim",), ("put",), ("keep_spare",), ("pin",), ("unpin",)
        )
    ),
    *(
        Proof(operation, "operations.c", (operation.upper(),), instead=INSTEAD)
        for operation in ("try_push", "blocking_push", "batch_push", "reserve", "commit")
    ),
    *(
        Proof(operation, "operations.c", (operation.upper(),), instead=(*INSTEAD, "omni_consumer_close_end:no_close"))
        for operation in ("try_pop", "blocking_pop", "batch_pop", "pop_in_steps")
    ),
    Proof("times and sizes", "time.c", unwind=6),
)  # fmt: skip

CHECKS = (
    "--bounds-check", "--pointer-check", "--pointer-overflow-check", "--signed-overflow-check",
    "--unsigned-overflow-check", "--conversion-check", "--div-by-zero-check", "--undefined-shift-check",
    "--unwinding-assertions",
)  # fmt: skip

INDEX = "indices are compared modulo 2^64"
DOWN = "counts down by adding -1"
WRAPS = {
    ("ring_free_slots", "unsigned -"): INDEX,
    ("ring_put", "unsigned +"): INDEX,
    ("ring_length", "unsigned -"): INDEX,
    ("ring_waiting", "unsigned -"): INDEX,
    ("ring_back_off", "unsigned -"): INDEX,
    ("wait_for_space", "unsigned -"): INDEX,
    ("arm", "unsigned -"): INDEX,
    ("pool_reclaim", "unsigned +"): INDEX,
    ("poppable", "unsigned -"): INDEX,
    ("look", "unsigned +"): INDEX,
    ("omni_pop_end", "unsigned +"): INDEX,
    ("ring_publish", "unsigned +"): "the next index modulo 2^64, and statistics",
    ("ring_release", "unsigned +"): "the next index modulo 2^64, and statistics",
    ("count", "unsigned +"): "a statistic",
    ("guard_wake_waiters", "unsigned +"): "a count of leaves, compared for equality",
    ("guard_count", "unsigned +"): "entries are compared for equality",
    ("hash_name", "unsigned *"): "FNV-1a is defined so",
    ("eventcount_notify", "unsigned +"): DOWN,
    ("eventcount_notify", "unsigned unary -"): DOWN,
    ("pool_unpin", "unsigned +"): DOWN,
    ("pool_unpin", "signed to unsigned type conversion"): DOWN,
    ("words_init", "unsigned -"): "the last check of `while (made--)`",
}
"""Function of the core and operation -> why it may wrap. Each must be seen to wrap: none outlives its reason."""


class ProofError(Exception):
    """A tool failed; what it said."""


@dataclass
class Verdict:
    """What became of a proof."""

    properties: int = 0
    wrapped: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def z3() -> str | None:
    """z3 on the PATH, or beside this Python, where the package that the tests need has it."""
    beside = Path(sys.executable).with_name("z3")
    return shutil.which("z3") or (str(beside) if beside.exists() else None)


def missing(proof: Proof) -> str | None:
    """What is needed and not there."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"no {', '.join(absent)} on the PATH (Debian: cbmc)"
    if not proof.products:
        return None
    absent = [tool for tool, found in (("kissat", shutil.which("kissat")), ("z3", z3())) if found is None]
    return f"no {', '.join(absent)} on the PATH (Debian: {' '.join(absent)})" if absent else None


def prove(proof: Proof, core: Path = CORE, about: str = "") -> Verdict:
    """Ask for every property whose description has `about` in it; raises ProofError."""
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / "program.goto"
        defines = [f"-D{each}" for each in (*proof.defines, NO_BUILTIN)]
        _call(["goto-cc", *defines, f"-I{core}", str(HARNESSES / proof.source), "-o", str(program)])
        if proof.instead:
            replaced = Path(scratch) / "replaced.goto"
            instead = [flag for pair in proof.instead for flag in ("--replace-calls", pair)]
            _call(["goto-instrument", *instead, str(program), str(replaced)])
            program = replaced
        command = ["cbmc", str(program), *CHECKS, "--object-bits", "10", "--unwind", str(proof.unwind)]
        command += ["--drop-unused-functions", "--slice-formula", "--json-ui"]
        properties = _entries([*command, "--show-properties"], "properties")
        names = [each["name"] for each in properties if about in each["description"]]
        verdict = Verdict()
        if not proof.products:
            chosen = [flag for name in names for flag in ("--property", name)] if about else []
            _evaluate(_results([*command, *chosen]), core, verdict)
            return verdict
        _prove_axiom()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            calls = [
                pool.submit(
                    _results, [*command, *KISSAT, *(flag for name in question for flag in ("--property", name))]
                )
                for question in _questions(each for each in properties if about in each["description"])
            ]
            for number, call in enumerate(calls):
                _evaluate(call.result(), core, verdict)
                if verdict.problems:
                    pool.shutdown(cancel_futures=True)
                    break
                _progress(proof, number + 1, len(calls))
    return verdict


def _questions(properties: Iterable[dict[str, Any]]) -> list[list[str]]:
    """The names: all pointer checks of a line at once, each other property alone. What the proof is about comes first,
    so that what is wrong is found soon."""
    questions: dict[tuple[str, str], list[str]] = {}
    for each in properties:
        place = each["sourceLocation"]
        about = place.get("line", "") if ".pointer" in each["name"] else each["name"]
        questions.setdefault((place.get("function", ""), about), []).append(each["name"])
    return [questions[at] for at in sorted(questions, key=lambda at: (at[0] != "main", at[0] != "pool_at"))]


def _evaluate(results: Sequence[dict[str, Any]], core: Path, verdict: Verdict) -> None:
    for each in results:
        verdict.properties += 1
        description, failed = each["description"], each["status"] == "FAILURE"
        place = each.get("sourceLocation", {})
        function = place.get("function", "")
        if not failed and each["status"] != "SUCCESS":
            verdict.problems.append(f"{each['property']}: {each['status']}")
        elif description.startswith("reached: "):
            if not failed:
                verdict.problems.append(f"never {description}, so nothing is proved of it")
        elif failed:
            operation = re.match(r"arithmetic overflow on (unsigned [-+*]|\w+ to \w+ type conversion)", description)
            wrap = (function, operation.group(1)) if operation else None
            if wrap in WRAPS:
                verdict.wrapped.add(wrap)
            elif operation is None or Path(place.get("file", "")).parent.resolve() == core.resolve():
                where = f"{Path(place.get('file', '?')).name}:{place.get('line', '?')} {function}"
                verdict.problems.append(f"{where}: {description}")
            # else the harness's own arithmetic, which is modulo 2^64 as the core's is


def _results(command: Sequence[str]) -> list[dict[str, Any]]:
    return _entries(command, "result")


def _entries(command: Sequence[str], key: str) -> list[dict[str, Any]]:
    said = _call(command, accepted=(0, 10))
    try:
        parts = json.loads(said)
    except ValueError as error:
        raise ProofError(f"cbmc did not answer in JSON:\n{said[-2000:]}") from error
    found = [entry for part in parts for entry in part.get(key, ())]
    if not found:
        raise ProofError(f"cbmc gave no {key}:\n{said[-2000:]}")
    return found


def _prove_axiom() -> None:
    said = _call([z3() or "z3", "-in"], given=AXIOM)
    if said.strip() != "unsat":
        raise ProofError(f"z3 does not prove the axiom of shapes.c: {said.strip()}")


def _call(command: Sequence[str], accepted: Sequence[int] = (0,), given: str | None = None) -> str:
    solver = z3()
    path = os.environ.get("PATH", "") + (os.pathsep + str(Path(solver).parent) if solver else "")
    try:
        ended = subprocess.run(
            list(command), input=given, env={**os.environ, "PATH": path}, capture_output=True, text=True,
            timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ProofError(f"{command[0]} did not end within {LIMIT} s") from error
    if ended.returncode not in accepted:
        said = "\n".join([*re.findall(r'"messageText": "(.*)"', ended.stdout)[-3:], *ended.stderr.splitlines()[-10:]])
        raise ProofError(f"{command[0]} ended with exit status {ended.returncode}:\n{said}")
    return ended.stdout


def _progress(proof: Proof, done: int, of: int) -> None:
    if sys.stdout.isatty():
        print(f"\r   {proof.name}: {done} of {of} questions\r", end="", flush=True)
    elif done % 20 == 0:
        print(f"   {proof.name}: {done} of {of} questions", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    names = ", ".join(each.name for each in PROOFS)
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", action="append", metavar="NAME", help=f"one of: {names}")
    options = parser.parse_args(arguments)
    unknown = set(options.only or ()) - {each.name for each in PROOFS}
    if unknown:
        parser.error(f"no proof is called {', '.join(sorted(unknown))}; there are {names}")
    steps = Steps()
    wrapped: set[tuple[str, str]] = set()
    for proof in PROOFS:
        if options.only and proof.name not in options.only:
            continue
        if lacking := missing(proof):
            steps.skip(proof.name, lacking)
            continue
        began = time.monotonic()
        print(f"== {proof.name} ...", flush=True)
        try:
            verdict = prove(proof)
        except ProofError as error:
            steps.fail(str(error))
            continue
        wrapped |= verdict.wrapped
        if verdict.problems:
            steps.fail("not proved:\n   " + "\n   ".join(verdict.problems))
            continue
        steps.clean(f"{time.monotonic() - began:.0f} s: {verdict.properties} properties proved")
    if not (options.only or steps.failed or steps.skipped):
        for function, operation in sorted(set(WRAPS) - wrapped):
            steps.fail(f"{function}: {operation} never wraps: take it out of WRAPS")
    return steps.end()


if __name__ == "__main__":
    sys.exit(main())
