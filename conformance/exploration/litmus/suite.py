"""Classical litmus tests, each in the variants that matter, with RC11's verdict on the outcome asked about.

`source` says where the verdict is from:
  RC11 3.x  the section of Lahav, Vafeiadis, Kang, Hur, Dreyer (PLDI 2017) whose axiom decides it
  C11, C++20, P1202, futex(2)  the rule of that document
All of them are also decided by brute force over the axioms, in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exploration.litmus import Program, locations, program, run, targets
from conformance.exploration.result import Result

EVENTS = {"race": "data race", "sleeps": "lost wakeup"}
"""Questions that are about a failure, and which."""


@dataclass(frozen=True)
class Litmus:
    """A program and one question about it."""

    name: str
    variant: str
    threads: tuple[str, ...]
    asks: str
    """Such as "1:r0=1 & x=2": what each named register or location must hold. May also be `race` or `sleeps`."""
    allowed: bool
    source: str
    executions: int | None = None
    cxx20: bool = False

    @property
    def id(self) -> str:
        """Name and variant."""
        return f"{self.name}-{self.variant}"

    @property
    def program(self) -> Program:
        """Its threads as values."""
        return program(*self.threads)

    def matches(self, outcome: tuple[int, ...]) -> bool:
        """Whether this outcome is the one asked about."""
        threads = self.program
        names = [f"{t}:r{r}" for t, thread in enumerate(threads) for r in targets(thread)] + list(locations(threads))
        held = dict(zip(names, outcome, strict=True))
        return all(held[name] == int(value) for name, value in (each.split("=") for each in self.asks.split(" & ")))


def explored(test: Litmus) -> Result:
    """Everything the program can do."""
    return run(test.program, cxx20=test.cxx20, check_repetition=True)


def mistake(test: Litmus, result: Result) -> str | None:
    """What the explorer got wrong about it, or None."""
    event = EVENTS.get(test.asks)
    if result.failure is not None and result.failure != event:
        return f"{result.failure}: {result.message}"
    if result.cut or result.repeated:
        return f"{result.cut} executions cut, {result.repeated} repeated"
    seen = result.failure == event if event else any(test.matches(outcome) for outcome in result.outcomes)
    if seen != test.allowed:
        verdict, met = "allowed" if test.allowed else "forbidden", "seen" if seen else "not seen"
        return f"{test.asks} is {verdict} ({test.source}), and was {met}"
    if not result.failure and not result.complete:
        return "no execution is complete"
    if test.executions is not None and result.complete != test.executions:
        return f"{result.complete} executions instead of {test.executions}"
    return None


SUITE: list[Litmus] = []
BASE, COHERENCE, ATOMICITY, SC, THIN = "RC11 3.1", "RC11 3.2", "RC11 3.3", "RC11 3.4", "RC11 3.5"


def _family(name: str, threads: str, asks: str, *variants: tuple[object, ...]) -> None:
    """Threads are separated by |; %a, %b ... are filled in from each variant's (orders, allowed, source, count)."""
    for variant in variants:
        orders, allowed, source = str(variant[0]), bool(variant[1]), str(variant[2])
        count = variant[3] if len(variant) > 3 else None
        words = orders.split("+")
        text = threads
        for letter, word in zip("abcdefghij", words, strict=False):
            text = text.replace(f"%{letter}", word)
        texts = tuple(each.strip() for each in text.split("|"))
        SUITE.append(Litmus(name, orders.replace(" ", "."), texts, asks, allowed, source, count))  # type: ignore[arg-type]


def _one(name: str, variant: str, threads: str, asks: str, allowed: bool, source: str, **more: object) -> None:
    texts = tuple(each.strip() for each in threads.split("|"))
    SUITE.append(Litmus(name, variant, texts, asks, allowed, source, **more))  # type: ignore[arg-type]


# ---- message passing: does the reader of the flag see what was stored before it? ----
_family(
    "MP", "x = 1 rlx; y = 1 %a | r0 = y %b; r1 = x rlx", "1:r0=1 & 1:r1=0",
    ("rlx+rlx", True, COHERENCE, 4), ("rel+rlx", True, COHERENCE, 4), ("rlx+acq", True, COHERENCE, 4),
    ("rel+acq", False, COHERENCE, 3), ("sc+sc", False, COHERENCE, 3), ("sc+rlx", True, COHERENCE, 4),
)  # fmt: skip
_family(
    "MP+fences", "x = 1 rlx; fence %a; y = 1 rlx | r0 = y rlx; fence %b; r1 = x rlx", "1:r0=1 & 1:r1=0",
    ("rel+acq", False, COHERENCE, 3), ("ar+ar", False, COHERENCE, 3), ("sc+sc", False, COHERENCE, 3),
    ("rel+rel", True, COHERENCE, 4), ("acq+acq", True, COHERENCE, 4), ("sc+rlx", True, COHERENCE, 4),
    ("light+light", True, "P1202", 4), ("heavy+light", False, "P1202", 3), ("light+heavy", False, "P1202", 3),
    ("heavy+heavy", False, "P1202", 3), ("light+sc", True, "P1202", 4), ("sc+light", True, "P1202", 4),
    ("light+acq", True, "P1202", 4), ("heavy+acq", False, "P1202", 3),
)  # fmt: skip
_one("MP+fence-store", "rel-acq", "x = 1 rlx; fence rel; y = 1 rlx | r0 = y acq; r1 = x rlx", "1:r0=1 & 1:r1=0",
     False, COHERENCE, executions=3)  # fmt: skip
_one("MP+store-fence", "rel-acq", "x = 1 rlx; y = 1 rel | r0 = y rlx; fence acq; r1 = x rlx", "1:r0=1 & 1:r1=0",
     False, COHERENCE, executions=3)  # fmt: skip
_one("MP+await", "rel-acq", "x = 1 rlx; y = 1 rel | r0 = await y 0 acq; r1 = x rlx", "1:r1=0", False, COHERENCE,
     executions=1)  # fmt: skip
_one("MP+await", "rlx", "x = 1 rlx; y = 1 rlx | r0 = await y 0 rlx; r1 = x rlx", "1:r1=0", True, COHERENCE,
     executions=2)  # fmt: skip
_one("MP+plain", "rel-acq", "plain x = 1; y = 1 rel | r0 = y acq; if r0 == 1: r1 = plain x", "race", False, BASE,
     executions=2)  # fmt: skip
for _orders in ("rel+rlx", "rlx+acq"):
    _family("MP+plain", "plain x = 1; y = 1 %a | r0 = y %b; if r0 == 1: r1 = plain x", "race", (_orders, True, BASE))
_family("MP+plain+fences", "plain x = 1; fence %a; y = 1 rlx | r0 = y rlx; fence %b; if r0 == 1: r1 = plain x", "race",
        ("rel+acq", False, BASE, 2), ("sc+sc", False, BASE, 2), ("rel+rel", True, BASE),
        ("light+heavy", False, "P1202", 2), ("heavy+light", False, "P1202", 2), ("heavy+heavy", False, "P1202", 2),
        ("light+light", True, "P1202"), ("light+sc", True, "P1202"), ("sc+light", True, "P1202"))  # fmt: skip
_one("MP+plain", "unguarded", "plain x = 1; y = 1 rel | r0 = y acq; r1 = plain x", "race", True, BASE)
_one("WW+plain", "rlx", "plain x = 1 | plain x = 2", "race", True, BASE)
_one("RR+plain", "rlx", "r0 = plain x | r0 = plain x", "race", False, BASE, executions=1)
_one("atomic+plain", "rlx", "x = 1 rlx | r0 = plain x", "race", True, BASE)

# ---- store buffering: two threads that each store and then load ----
_family(
    "SB", "x = 1 %a; r0 = y %b | y = 1 %c; r0 = x %d", "0:r0=0 & 1:r0=0",
    ("rlx+rlx+rlx+rlx", True, SC, 4), ("rel+acq+rel+acq", True, SC, 4), ("sc+sc+sc+sc", False, SC, 3),
    ("sc+acq+sc+sc", True, SC, 4), ("rel+sc+sc+sc", True, SC, 4), ("sc+rlx+sc+rlx", True, SC, 4),
)  # fmt: skip
_family(
    "SB+fences", "x = 1 rlx; fence %a; r0 = y rlx | y = 1 rlx; fence %b; r0 = x rlx", "0:r0=0 & 1:r0=0",
    ("sc+sc", False, SC, 3), ("ar+ar", True, SC, 4), ("sc+ar", True, SC, 4), ("light+heavy", False, "P1202", 3),
    ("heavy+heavy", False, "P1202", 3), ("light+light", True, "P1202", 4), ("light+sc", True, "P1202", 4),
    ("heavy+sc", False, "P1202", 3), ("heavy+rlx", True, "P1202", 4),
)  # fmt: skip
_family("SB+rmw", "xchg x 1 %a; r0 = y %b | xchg y 1 %c; r0 = x %d", "0:r0=0 & 1:r0=0",
        ("sc+sc+sc+sc", False, SC, 3), ("ar+acq+ar+acq", True, SC, 4))  # fmt: skip
_family("SB+rmw-reads", "x = 1 rlx; r0 = add y 0 %a | y = 1 rlx; r0 = add x 0 %b", "0:r0=0 & 1:r0=0",
        ("ar+ar", True, ATOMICITY), ("rlx+rlx", True, ATOMICITY), ("sc+sc", True, SC))  # fmt: skip
_one("SB3", "sc-fences", "x = 1 rlx; fence sc; r0 = y rlx | y = 1 rlx; fence sc; r0 = z rlx |"
     " z = 1 rlx; fence sc; r0 = x rlx", "0:r0=0 & 1:r0=0 & 2:r0=0", False, SC, executions=7)  # fmt: skip
_one("SB3", "light-light-heavy", "x = 1 rlx; fence light; r0 = y rlx | y = 1 rlx; fence light; r0 = z rlx |"
     " z = 1 rlx; fence heavy; r0 = x rlx", "0:r0=0 & 1:r0=0 & 2:r0=0", True, "P1202", executions=8)  # fmt: skip
_one("SB3", "light-heavy-heavy", "x = 1 rlx; fence light; r0 = y rlx | y = 1 rlx; fence heavy; r0 = z rlx |"
     " z = 1 rlx; fence heavy; r0 = x rlx", "0:r0=0 & 1:r0=0 & 2:r0=0", False, "P1202", executions=7)  # fmt: skip

for _fences, _count in (("sc-light-heavy", 8), ("heavy-light-sc", 8)):
    _a, _b, _c = _fences.split("-")
    _one("SB3", _fences, f"x = 1 rlx; fence {_a}; r0 = y rlx | y = 1 rlx; fence {_b}; r0 = z rlx |"
         f" z = 1 rlx; fence {_c}; r0 = x rlx", "0:r0=0 & 1:r0=0 & 2:r0=0", True, "P1202",
         executions=_count)  # fmt: skip
_family("SB+accesses+fence", "y = 1 %a; r0 = x %b | x = 1 rlx; fence sc; r0 = y rlx", "0:r0=0 & 1:r0=0",
        ("sc+sc", False, SC, 3), ("sc+acq", True, SC, 4), ("rel+sc", True, SC, 4))  # fmt: skip

# ---- load buffering: out of thin air, or not: RC11 forbids every cycle of po and rf ----
_family("LB", "r0 = x %a; y = 1 %b | r0 = y %c; x = 1 %d", "0:r0=1 & 1:r0=1",
        ("rlx+rlx+rlx+rlx", False, THIN, 3), ("acq+rel+acq+rel", False, THIN, 3),
        ("sc+sc+sc+sc", False, THIN, 3))  # fmt: skip
_one("LB+ctrl", "rlx", "r0 = x rlx; if r0 == 1: y = 1 rlx | r0 = y rlx; if r0 == 1: x = 1 rlx", "0:r0=1", False, THIN,
     executions=1)  # fmt: skip

# ---- writes against writes ----
_family("2+2W", "x = 1 %a; y = 2 %b | y = 1 %c; x = 2 %d", "x=1 & y=1",
        ("rlx+rlx+rlx+rlx", True, SC, 4), ("rel+rel+rel+rel", True, SC, 4), ("sc+sc+sc+sc", False, SC, 3),
        ("sc+rlx+sc+sc", True, SC, 4), ("rel+sc+sc+sc", True, SC, 4))  # fmt: skip
_family("2+2W+fences", "x = 1 rlx; fence %a; y = 2 rlx | y = 1 rlx; fence %b; x = 2 rlx", "x=1 & y=1",
        ("sc+sc", False, SC, 3), ("ar+ar", True, SC, 4), ("light+heavy", False, "P1202", 3),
        ("light+light", True, "P1202", 4))  # fmt: skip
_family("R", "x = 1 %a; y = 1 %b | y = 2 %c; r0 = x %d", "y=2 & 1:r0=0",
        ("rlx+rlx+rlx+rlx", True, SC, 4), ("rel+rel+rel+acq", True, SC, 4), ("sc+sc+sc+sc", False, SC, 3),
        ("rel+sc+sc+sc", True, SC, 4))  # fmt: skip
_family("R+fences", "x = 1 rlx; fence %a; y = 1 rlx | y = 2 rlx; fence %b; r0 = x rlx", "y=2 & 1:r0=0",
        ("sc+sc", False, SC, 3), ("rel+sc", True, SC, 4), ("light+heavy", False, "P1202", 3),
        ("heavy+light", False, "P1202", 3))  # fmt: skip
_family("S", "x = 2 %a; y = 1 %b | r0 = y %c; x = 1 %d", "x=2 & 1:r0=1",
        ("rlx+rlx+rlx+rlx", True, COHERENCE, 4), ("rlx+rel+acq+rlx", False, COHERENCE, 3),
        ("rlx+rel+rlx+rlx", True, COHERENCE, 4), ("sc+sc+sc+sc", False, COHERENCE, 3))  # fmt: skip

# ---- three and four threads ----
_family("WRC", "x = 1 %a | r0 = x %b; y = 1 %c | r0 = y %d; r1 = x %e", "1:r0=1 & 2:r0=1 & 2:r1=0",
        ("rlx+rlx+rlx+rlx+rlx", True, COHERENCE, 8), ("rlx+rlx+rel+acq+rlx", False, COHERENCE, 7),
        ("rel+acq+rel+acq+rlx", False, COHERENCE, 7), ("rel+acq+rlx+rlx+rlx", True, COHERENCE, 8),
        ("rel+acq+rlx+acq+rlx", True, COHERENCE, 8))  # fmt: skip
_family("RWC", "x = 1 %a | r0 = x %b; r1 = y %c | y = 1 %d; r0 = x %e", "1:r0=1 & 1:r1=0 & 2:r0=0",
        ("rlx+acq+rlx+rlx+rlx", True, SC, 8), ("rel+acq+sc+sc+sc", True, SC, 8), ("sc+sc+sc+sc+sc", False, SC, 7),
        ("sc+sc+sc+sc+rlx", True, SC, 8))  # fmt: skip
_family("RWC+fences", "x = 1 rlx | r0 = x rlx; fence %a; r1 = y rlx | y = 1 rlx; fence %b; r0 = x rlx",
        "1:r0=1 & 1:r1=0 & 2:r0=0",
        ("sc+sc", False, SC, 7), ("acq+sc", True, SC, 8), ("light+heavy", False, "P1202", 7),
        ("light+light", True, "P1202", 8))  # fmt: skip
_family("IRIW", "x = 1 %a | y = 1 %b | r0 = x %c; r1 = y %c | r0 = y %d; r1 = x %d",
        "2:r0=1 & 2:r1=0 & 3:r0=1 & 3:r1=0",
        ("rlx+rlx+rlx+rlx", True, SC, 16), ("rel+rel+acq+acq", True, SC, 16), ("sc+sc+sc+sc", False, SC, 15),
        ("rel+rel+sc+sc", True, SC, 16), ("sc+sc+acq+sc", True, SC, 16))  # fmt: skip
_family("IRIW+fences", "x = 1 rlx | y = 1 rlx | r0 = x rlx; fence %a; r1 = y rlx | r0 = y rlx; fence %b; r1 = x rlx",
        "2:r0=1 & 2:r1=0 & 3:r0=1 & 3:r1=0",
        ("sc+sc", False, SC, 15), ("acq+acq", True, SC, 16), ("light+heavy", False, "P1202", 15),
        ("light+light", True, "P1202", 16))  # fmt: skip
_family("ISA2", "x = 1 rlx; y = 1 %a | r0 = y %b; z = 1 %c | r0 = z %d; r1 = x rlx", "1:r0=1 & 2:r0=1 & 2:r1=0",
        ("rlx+rlx+rlx+rlx", True, COHERENCE, 8), ("rel+acq+rel+acq", False, COHERENCE, 7),
        ("rel+rlx+rel+acq", True, COHERENCE, 8), ("rel+acq+rlx+acq", True, COHERENCE, 8))  # fmt: skip
_family("ISA2+fences", "x = 1 rlx; fence %a; y = 1 rlx | r0 = y rlx; z = 1 rel | r0 = z acq; fence %b; r1 = x rlx",
        "1:r0=1 & 2:r0=1 & 2:r1=0",
        ("sc+sc", False, SC, 7), ("rel+acq", True, COHERENCE, 8), ("ar+sc", True, SC, 8),
        ("light+heavy", False, "P1202", 7), ("light+light", True, "P1202", 8))  # fmt: skip
_family("W+RWC", "x = 1 rlx; y = 1 %a | r0 = y %b; r1 = z %c | z = 1 %d; r0 = x %e", "1:r0=1 & 1:r1=0 & 2:r0=0",
        ("rel+acq+sc+sc+sc", True, SC), ("sc+sc+sc+sc+sc", True, SC), ("rlx+rlx+rlx+rlx+rlx", True, SC))  # fmt: skip
_one("W+RWC", "all-sc", "x = 1 sc; y = 1 sc | r0 = y sc; r1 = z sc | z = 1 sc; r0 = x sc", "1:r0=1 & 1:r1=0 & 2:r0=0",
     False, SC)  # fmt: skip
_one("W+RWC", "rel-acq-fences",
     "x = 1 rlx; y = 1 rel | r0 = y acq; fence sc; r1 = z rlx | z = 1 rlx; fence sc; r0 = x rlx",
     "1:r0=1 & 1:r1=0 & 2:r0=0", False, SC)  # fmt: skip
_family("Z6.0", "x = 1 %a; y = 1 %b | r0 = y %c; z = 1 %d | z = 2 %e; r0 = x %f", "1:r0=1 & z=2 & 2:r0=0",
        ("rlx+rlx+rlx+rlx+rlx+rlx", True, SC), ("rlx+rel+acq+rel+rel+acq", True, SC),
        ("sc+sc+sc+sc+sc+sc", False, SC))  # fmt: skip
_one("Z6.0", "through-acquire", "x = 1 sc; y = 1 rel | r0 = y acq; z = 1 sc | z = 2 sc; r0 = x sc",
     "1:r0=1 & z=2 & 2:r0=0", False, "RC11 3.4: scb has sb;hb;sb where both sb lead to another location")  # fmt: skip
_one("Z6.U", "sc", "x = 1 sc; y = 1 rel | r0 = add y 1 sc; r1 = y rlx | y = 3 sc; r0 = x sc",
     "1:r0=1 & 1:r1=3 & 2:r0=0", True, "RC11 2.1: C11 forbids it, and compilers to POWER do not")  # fmt: skip
_one("Z6.U", "acquire-too", "x = 1 sc; y = 1 sc | r0 = add y 1 sc; r1 = y rlx | y = 3 sc; r0 = x sc",
     "1:r0=1 & 1:r1=3 & 2:r0=0", False, "RC11 3.4")  # fmt: skip
_family("Z6.1", "x = 1 %a; y = 1 %a | y = 2 %a; z = 1 %a | z = 2 %a; x = 2 %a", "y=2 & z=2 & x=1",
        ("rlx", True, SC, 8), ("sc", False, SC, 7))  # fmt: skip
_family("Z6.3", "x = 1 %a; y = 1 %a | y = 2 %a; z = 1 %a | r0 = z %b; r1 = x %b", "y=2 & 2:r0=1 & 2:r1=0",
        ("rlx+rlx", True, SC, 8), ("rel+acq", True, SC, 8), ("sc+sc", False, SC, 7))  # fmt: skip
_family("Z6.5", "x = 1 %a; y = 1 %a | y = 2 %a; r0 = z %a | z = 1 %a; r0 = x %a", "y=2 & 1:r0=0 & 2:r0=0",
        ("rlx", True, SC, 8), ("sc", False, SC, 7))  # fmt: skip
_family("3.LB", "r0 = x %a; y = 1 %a | r0 = y %a; z = 1 %a | r0 = z %a; x = 1 %a", "0:r0=1 & 1:r0=1 & 2:r0=1",
        ("rlx", False, THIN, 7))  # fmt: skip
_family("3.2W", "x = 1 %a; y = 2 %a | y = 1 %a; z = 2 %a | z = 1 %a; x = 2 %a", "x=1 & y=1 & z=1",
        ("rlx", True, SC, 8), ("sc", False, SC, 7))  # fmt: skip

# ---- one location: coherence, whatever the orders ----
_one("CoRR", "rlx", "x = 1 rlx | r0 = x rlx; r1 = x rlx", "1:r0=1 & 1:r1=0", False, COHERENCE, executions=3)
_one("CoRR2", "rlx", "x = 1 rlx | x = 2 rlx | r0 = x rlx; r1 = x rlx | r0 = x rlx; r1 = x rlx",
     "2:r0=1 & 2:r1=2 & 3:r0=2 & 3:r1=1", False, COHERENCE, executions=72)  # fmt: skip
_one("CoWW", "rlx", "x = 1 rlx; x = 2 rlx", "x=1", False, COHERENCE, executions=1)
_one("CoWR", "rlx", "x = 1 rlx; r0 = x rlx | x = 2 rlx", "0:r0=2 & x=1", False, COHERENCE, executions=3)
_one("CoWR0", "rlx", "x = 1 rlx; r0 = x rlx", "0:r0=0", False, COHERENCE, executions=1)
_one("CoRW1", "rlx", "r0 = x rlx; x = 1 rlx", "0:r0=1", False, COHERENCE, executions=1)
_one("CoRW", "rlx", "r0 = x rlx; x = 1 rlx | x = 2 rlx", "0:r0=2 & x=2", False, COHERENCE, executions=3)

# ---- release sequences ----
_RS = "x = 1 rlx; y = 1 rel; y = 2 rlx | r0 = y acq; r1 = x rlx"
_one("RS+own-store", "RC11", _RS, "1:r0=2 & 1:r1=0", False, "RC11 3.1: rs has sb|loc; C11 5.1.2.4p10", executions=4)
_one("RS+own-store", "C++20", _RS, "1:r0=2 & 1:r1=0", True, "C++20 (P0982) takes it away", executions=5, cxx20=True)
for _cxx20 in (False, True):
    _one("RS+rmw", "C++20" if _cxx20 else "RC11",
         "x = 1 rlx; y = 1 rel | add y 1 rlx | r0 = y acq; r1 = x rlx", "2:r0=2 & 2:r1=0", False,
         "RC11 3.1: rs has rf;rmw", cxx20=_cxx20)  # fmt: skip
_one("RS+other-store", "rlx", "x = 1 rlx; y = 1 rel | y = 2 rlx | r0 = y acq; r1 = x rlx", "2:r0=2 & 2:r1=0 & y=2",
     True, "RC11 3.1: another thread's store ends it")  # fmt: skip
_one("RS+rmw-chain", "rlx", "x = 1 rlx; y = 1 rel | add y 1 rlx | add y 1 rlx | r0 = y acq; r1 = x rlx",
     "3:r0=3 & 3:r1=0", False, "RC11 3.1")  # fmt: skip
_one("RS+fence", "rmw", "x = 1 rlx; fence rel; y = 1 rlx | add y 1 rlx | r0 = y rlx; fence acq; r1 = x rlx",
     "2:r0=2 & 2:r1=0", False, "RC11 3.1")  # fmt: skip
_one("RS+light", "heavy", "x = 1 rlx; fence light; y = 1 rlx | add y 1 rlx | r0 = y rlx; fence heavy; r1 = x rlx",
     "2:r0=2 & 2:r1=0", False, "P1202")  # fmt: skip

# ---- read-modify-writes ----
_one("RMW+adds", "2", "r0 = add x 1 rlx | r0 = add x 1 rlx", "0:r0=0 & 1:r0=0", False, ATOMICITY, executions=2)
_one("RMW+adds", "3", "add x 1 rlx | add x 1 rlx | add x 1 rlx", "x=2", False, ATOMICITY, executions=6)
_one("RMW+adds", "4", "add x 1 rlx | add x 1 rlx | add x 1 rlx | add x 1 rlx", "x=3", False, ATOMICITY, executions=24)
_one("RMW+store", "between", "r0 = xchg x 1 rlx | x = 2 rlx | r0 = x rlx; r1 = x rlx; r2 = x rlx",
     "0:r0=0 & 2:r0=0 & 2:r1=2 & 2:r2=1", False, ATOMICITY)  # fmt: skip
_one("CAS", "one-wins", "r0 = cas x 0 1 rlx | r0 = cas x 0 2 rlx", "0:r0=0 & 1:r0=0", False, ATOMICITY, executions=2)
_one("CAS", "both-fail", "r0 = cas x 1 2 rlx | r0 = cas x 2 1 rlx", "x=0", True, ATOMICITY, executions=1)
_one("CAS+MP", "acq", "x = 1 rlx; y = 1 rel | r0 = cas y 1 2 acq; r1 = x rlx", "1:r0=1 & 1:r1=0", False, COHERENCE)
_one("CAS+MP", "failing", "x = 1 rlx; y = 1 rel | r0 = cas y 2 3 acq; r1 = x rlx", "1:r0=1 & 1:r1=0", True,
     "RC11 3.1: a failing one has its own order, here relaxed")  # fmt: skip
_one("xchg+lock", "acq-rel", "r0 = xchg x 1 acq; if r0 == 0: plain y = 1; if r0 == 0: x = 0 rel |"
     " r0 = xchg x 1 acq; if r0 == 0: plain y = 2; if r0 == 0: x = 0 rel", "race", False, BASE)  # fmt: skip
_one("xchg+lock", "rlx", "r0 = xchg x 1 rlx; if r0 == 0: plain y = 1; if r0 == 0: x = 0 rel |"
     " r0 = xchg x 1 acq; if r0 == 0: plain y = 2; if r0 == 0: x = 0 rel", "race", True, BASE)  # fmt: skip

# ---- seq_cst, where RC11 is not C11 ----
_one("SC+mixed", "total-order", "x = 1 sc | y = 1 sc | r0 = x acq; r1 = y sc | r0 = y acq; r1 = x sc",
     "2:r0=1 & 2:r1=0 & 3:r0=1 & 3:r1=0", True, "RC11 2.1: IRIW-acq-sc")  # fmt: skip
_one("SC+fence-write", "sc", "x = 1 sc; fence sc; r0 = y rlx | y = 1 rlx; fence sc; r0 = x rlx", "0:r0=0 & 1:r0=0",
     False, SC, executions=3)  # fmt: skip
_one("SC+coherence", "fences", "x = 1 rlx; fence sc; y = 1 rlx | r0 = y rlx; fence sc; x = 2 rlx", "1:r0=1 & x=1",
     False, SC, executions=3)  # fmt: skip

# ---- sleeping ----
_one("sleep", "woken", "x = 1 rlx; wake x | sleep x 0", "sleeps", False, "futex(2)")
_one("sleep", "no-wake", "x = 1 rlx | sleep x 0", "sleeps", True, "futex(2)")
_one("sleep", "wake-before-store", "wake x; x = 1 rlx | sleep x 0", "sleeps", True, "futex(2)")
_one("sleep", "woken-by-another", "x = 1 rlx | y = 1 rlx; x = 2 rlx; wake x | sleep x 0", "sleeps", False, "futex(2)")
_one("sleep", "sees-the-store", "y = 1 rlx; x = 1 rel; wake x | sleep x 0; r0 = x acq; if r0 == 1: r1 = y rlx",
     "1:r0=1 & 1:r1=0", False, "futex(2)")  # fmt: skip
_one("sleep", "orders-nothing", "y = 1 rlx; x = 1 rlx; wake x | sleep x 0; r0 = y rlx", "1:r0=0", True, "futex(2)")
_WAIT = (
    "y = 1 rlx; fence %a; r0 = x rlx; if r0 == 1: x = 0 rel; if r0 == 1: wake x |"
    " x = 1 rlx; fence %b; r0 = y rlx; if r0 == 0: sleep x 1"
)
_family("eventcount", _WAIT, "sleeps", ("sc+sc", False, SC), ("light+heavy", False, "P1202"), ("rlx+sc", True, SC),
        ("sc+rlx", True, SC), ("light+light", True, "P1202"))  # fmt: skip
