"""Programs of which another checker's authors published how many executions RC11 allows.

The counts are those that GenMC's own tests expect under RC11 with modification orders distinguished (`source` names the
folder below tests/correct, the file is expected.rc11.mo.in): ainc, casrot, readers, lastzero, indexer and others of
Kokologiannakis, Lahav, Sagonas, Vafeiadis (POPL 2018) and after. They are the same in its versions 0.9 and 0.11,
except where `source` names one: 0.10 changed its release sequences and its seq_cst axiom, see `crosscheck/genmc.py`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.exploration.explorer import Options, Report, explore, shared_library
from conformance.exploration.litmus import Program, program
from conformance.exploration.result import Result


@dataclass(frozen=True)
class Counted:
    """A program in the short notation."""

    name: str
    threads: tuple[str, ...]
    executions: int
    source: str
    cxx20: bool = False

    @property
    def program(self) -> Program:
        """Its threads as values."""
        return program(*self.threads)


COUNTED: list[Counted] = []


def _family(name: str, threads: Callable[[int], list[str]], first: int, *counts: int) -> None:
    for n, count in enumerate(counts, first):
        COUNTED.append(Counted(f"{name}({n})", tuple(threads(n)), count, f"synthetic/{name}"))


def _one(name: str, count: int, *threads: str, source: str = "", cxx20: bool = False) -> None:
    COUNTED.append(Counted(name, threads, count, source or f"litmus/{name}", cxx20))


_family("ainc", lambda n: ["add x 1 rlx"] * n, 2, 2, 6, 24, 120, 720)
_family("binc", lambda n: ["add x 1 rlx; add y 1 rlx"] * n, 2, 4, 36, 576)
_family("cinc", lambda n: ["add x 1 rlx; add y 1 rlx; add z 1 rlx"] * n, 2, 8, 216, 13_824)
_family("cas", lambda n: [f"cas x 0 {i} rlx" for i in range(1, n + 1)], 2, 2, 3, 4, 5)
_family("casrot", lambda n: [f"cas x {i} {i + 1} rlx" for i in range(n)], 2, 2, 5, 14, 43, 144, 523, 2_048)
_family("casw", lambda n: [f"cas x 0 1 rlx; x = {i + 3} rel" for i in range(n)], 2, 6, 66, 1_200, 32_880)
_family("wcas", lambda n: ["x = 2 rel", *["cas x 2 3 rlx"] * n], 2, 5, 13, 33, 81, 193, 449)
_family("wainc", lambda n: ["x = 42 rel", *["add x 1 rlx"] * n], 2, 6, 24, 120)
_family("readers", lambda n: ["x = 42 rel", *["r0 = x acq"] * n], 2, 4)
_family("rw", lambda n: [f"r0 = x rlx; x = {i} rel" for i in range(n)], 2, 4, 36, 576)
_family("N-writers", lambda n: ["r0 = x acq", *[f"x = {i} rel" for i in range(n + 1)]], 4, 720)
_family(
    "CoA",
    lambda n: [
        *(f"x = {i} rel; r0 = {other} acq; r1 = x acq" for i, other in ((1, "y"), (2, "z"))),
        *(f"y = {i} rel; z = {i} rel" for i in range(n - 1)),
    ],
    *(1, 4, 16, 144, 2_304, 57_600),
)
for _n, _count in ((2, 22), (3, 300), (4, 6_576)):
    _threads = ("x = 1 rel", *(f"r0 = x rlx; x = {_i} rel" for _i in range(_n)))
    _one(f"wrw({_n})", _count, *_threads, source="litmus/wrw")
_one("big0", 82_472, "r0 = x acq; r1 = y acq; r2 = z acq; r3 = w acq; r4 = x acq; r5 = y acq; r6 = z acq",
     "r0 = x acq; r1 = y acq; r2 = z acq", "x = 1 rel; y = 1 rel; x = 2 rel; y = 2 rel; x = 3 rel; y = 3 rel",
     "z = 1 rel; w = 1 rel; z = 2 rel; w = 2 rel; z = 3 rel; w = 3 rel", source="synthetic/big0")  # fmt: skip

_one("small0", 9, "r0 = x acq", "r0 = x acq; x = 1 rel", "x = 2 rel")
_one("small1", 8, "r0 = y acq; r1 = z acq; r2 = x acq", "x = 1 rel", "y = 1 rel; z = 1 rel")
_one("CoRR", 6, "x = 1 rlx; x = 2 rlx", "r0 = x rlx; r1 = x rlx")
_one("CoRR1", 36, "x = 1 rel", "x = 2 rel", "r0 = x acq; r1 = x acq", "r0 = x acq")
_one("W+RRR+W", 20, "x = 1 rlx", "r0 = x rlx; r1 = x rlx; r2 = x rlx", "x = 2 rlx")
_one("fr+w+w+w+reads", 210, "x = 1 rlx", "x = 2 rlx", "x = 3 rlx", "r0 = x rlx; r1 = x rlx; r2 = x rlx; r3 = x rlx")
_one("inc+inc+RR+W+RR", 600, *["add x 1 rlx"] * 2, *["r0 = x rlx; r1 = x rlx"] * 2, "x = 42 rlx")
_one("wcii", 24, "x = 5 rel", "cas x 1 2 rlx", *["add x 1 rlx"] * 2)
_one("ori", 5, "add x 1 rlx; y = 1 rel", "cas x 0 1 acq", "r0 = y rlx; if r0 == 1: x = 4 rel")
_one("MP2", 9, "x = 1 rlx; y = 1 rlx; fence ar; z = 1 rlx; w = 1 rlx",
     "r0 = z rlx; fence ar; r1 = x rlx", "r0 = w rlx; fence ar; r1 = y rlx")  # fmt: skip
_one("LB+incMPs", 15, "r0 = x acq; add z 1 ar", "add z 1 ar; y = 1 rel", "r0 = y acq; add w 1 ar",
     "add w 1 ar; x = 1 rel")  # fmt: skip
_one("viktor-relseq", 180, "add x 1 rlx; add x 1 rlx", "add x 1 acq; add x 1 rlx", "add x 1 rel", "add x 1 rlx")
_one("IRIW-acq-sc", 16, "x = 1 sc", "r0 = x acq; r1 = y sc", "r0 = y acq; r1 = x sc", "y = 1 sc")
_one("RWC+syncs", 7, "x = 1 rlx", "r0 = x rlx; fence sc; r1 = y rlx", "y = 1 rlx; fence sc; r0 = x rlx")
_one("W+RWC", 7, "x = 1 rlx; z = 1 rel", "r0 = z acq; fence sc; r1 = y rlx", "y = 1 rlx; fence sc; r0 = x rlx")
_one("peterZ", 7, "x = 1 rlx; fence sc; r0 = y rlx", "y = 1 rlx; z = 1 rel", "r0 = z acq; fence sc; r1 = x rlx")
_one("Z6+acq", 7, "x = 1 rlx; fence sc; y = 1 rlx", "r0 = y acq; z = 1 rlx", "z = 2 rlx; fence sc; r0 = x rlx")
_one("WWmerge2", 8, "r0 = x acq; r1 = y sc", "x = 2 sc", "y = 1 sc; r0 = x sc")
_one("WWmerge1", 18, "r0 = x acq; r1 = y sc", "x = 1 sc; x = 2 sc", "y = 1 sc; r0 = x sc",
     source="0.9, litmus/WWmerge1")  # fmt: skip
_one("Z6.U", 24, "x = 1 sc; y = 1 rel", "add y 1 sc; r0 = y rlx", "y = 3 sc; r0 = x sc", source="0.9, litmus/Z6.U")
for _version, _cxx20, _count in (("0.9", False, 16), ("0.11", True, 20)):
    _one(f"relseq, {'C++20' if _cxx20 else 'RC11'}", _count, "x = 1 rlx; y = 1 rel; y = 2 rlx", "xchg y 3 rlx",
         "r0 = y rlx; fence ar; r1 = x rlx", source=f"{_version}, litmus/relseq", cxx20=_cxx20)  # fmt: skip

CLIENTS = {
    ("inc", 2): (4, "synthetic/inc"),
    ("inc", 3): (36, "synthetic/inc"),
    ("inc", 4): (576, "synthetic/inc"),
    ("lastzero", 5): (64, "synthetic/lastzero"),
    ("lastzero", 6): (144, "GenMC 0.10.3, run on its synthetic/lastzero with -DN=6"),
    ("lastzero", 7): (320, "GenMC 0.10.3, run on its synthetic/lastzero with -DN=7"),
    ("indexer", 12): (8, "synthetic/indexer"),
    ("indexer", 15): (4_096, "synthetic/indexer"),
    ("IRIWish", 4): (28, "litmus/IRIWish"),
    ("detour", 3): (9, "litmus/detour"),
    ("fib", 5): (525_630, "synthetic/fib_bench"),
}
"""Programs that compute, by name and size: their counts, and where those are from. counted.c has them in C."""
_NAMES = ("inc", "lastzero", "indexer", "IRIWish", "detour", "fib")


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(shared_library([Path(__file__).with_name("counted.c")])))


def client(name: str, size: int) -> Result:
    """Every execution of one of CLIENTS."""

    def start(given: Options, report: Report) -> None:
        _library().counted_explore(_NAMES.index(name), size, ctypes.byref(given), ctypes.byref(report))

    return explore(_library(), start)
