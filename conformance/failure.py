"""A failure: one form for every layer of checks, as a value and as a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance import link
from conformance.learned import Fact
from conformance.rules import RULES

FORMAT = 1
"""Of the file; a reader refuses another."""

KINDS = {
    "difference": "the target differs from the model",
    "claim": "a claim of the check does not hold",
    "crash": "the target was killed",
    "hang": "a call did not come back",
    "history": "no order of these calls is one that the rules allow",
    "interruption": "an interruption that no order of the two explains",
    "exploration": "an execution that the rules do not allow",
    "error": "a mistake of the suite's own",
}
"""How a failure showed, and that in words."""


class Broken(AssertionError):
    """Raised by a check that knows which rule is broken; `details` go into the failure.

    Of those, `program` is one of a single thread that shows it too, as text; `facts` is what is known by it.
    """

    def __init__(self, rule: str, seen: str, kind: str = "claim", **details: Any) -> None:
        super().__init__(f"{rule}: {seen}")
        self.rule, self.seen, self.kind, self.details = rule, seen, kind, details
        self.program: str = details.pop("program", "")
        self.facts: tuple[Fact, ...] = tuple(details.pop("facts", ()))


class NotProvided(Exception):
    """Raised by a check that finds that the target lacks what it needs; says what."""


@dataclass(frozen=True)
class Failure:
    """A broken rule, and everything that shows it.

    rule: its id. check: the stable id of the check that found it. kind: of KINDS.
    seen: what was seen, in a line or a few. target: the target's name as given.
    program: the operations that lead there, each a line of Python, where there are some.
    python: the same as a program to paste and run. details: what the layer adds, as JSON.
    facts: what is known of the target by it. cause: the rule that explains it, where another one does.
    query: what was asked after the program, "" where its last operation itself differed; expected, got: what the model
    does there, and the target.
    """

    rule: str
    check: str
    kind: str
    seen: str
    target: str
    program: tuple[str, ...] = ()
    python: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    cause: str = ""
    query: str = ""
    expected: str = ""
    got: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        lists = {"program": list(self.program), "facts": [list(fact) for fact in self.facts]}
        return {"format": FORMAT, **asdict(self), **lists}

    @staticmethod
    def of(document: dict[str, Any]) -> Failure:
        """From JSON, of a report with its link too; ValueError for what is no failure of this format."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"no failure file of format {FORMAT}")
        fields = {key: value for key, value in document.items() if key not in ("format", "link")}
        try:
            facts = tuple(Fact(*fact) for fact in fields.get("facts", ()))
            failure = Failure(**{**fields, "program": tuple(fields.get("program", ())), "facts": facts})
        except TypeError as error:
            raise ValueError(f"no failure file: {error}") from None
        texts = (
            failure.rule,
            failure.check,
            failure.kind,
            failure.seen,
            failure.target,
            failure.python,
            failure.query,
            failure.expected,
            failure.got,
            *failure.program,
        )
        if not all(isinstance(each, str) for each in texts) or not isinstance(failure.details, dict):
            raise ValueError(
                "no failure file: rule, check, kind, seen, target, python, query, expected, got "
                "and each line of program are text"
            )
        if failure.rule not in RULES:
            raise ValueError(f"no failure file: there is no rule {failure.rule!r}; see `omni-conformance list`")
        return failure

    def link(self, book: str) -> str:
        """The address at which its program opens beside the model; "" for no program, or no book."""
        if not (self.program and book):
            return ""
        shown = {key: getattr(self, key) for key in link.FAILURE}
        return f"{book}#{link.encode({'steps': self.program, 'failure': shown})}"

    def write(self, path: Path) -> None:
        """As a file, for `omni-conformance replay`."""
        path.write_text(json.dumps(self.document(), indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> Failure:
        """From a file; ValueError for another one, OSError for none."""
        try:
            document = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is not JSON: {error}") from None
        return Failure.of(document)
