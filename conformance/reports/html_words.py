"""Small things that the page says in many places."""

from __future__ import annotations

import re

from conformance.reports.markup import Markup, join, tag

_LOOKS = {
    "holds": ("good", "✓"),
    "passed": ("good", "✓"),
    "broken": ("bad", "✕"),
    "failed": ("bad", "✕"),
    "crashed": ("bad", "✕"),
    "hung": ("bad", "✕"),
    "error": ("bad", "✕"),
    "unexpected pass": ("bad", "✕"),
    "undecided": ("open", "?"),
    "broken as expected": ("expected", "≈"),
    "expected failure": ("expected", "≈"),
    "not provided": ("absent", "\N{EN DASH}"),
    "all": ("all", ""),
}


def look(verdict: str) -> str:
    """The class of a verdict or an outcome in the style sheet."""
    return _LOOKS.get(verdict, ("unknown", ""))[0]


def badge(verdict: str) -> Markup:
    """A verdict or an outcome in a word, with a sign, so that it does not hang on colour."""
    _, sign = _LOOKS.get(verdict, ("unknown", "?"))
    return tag("span", tag("span", sign, aria_hidden="true"), f" {verdict}", class_=f"badge {look(verdict)}")


def anchor(rule: str) -> str:
    """The id of a rule's element."""
    return f"rule-{re.sub('[^A-Za-z0-9-]', '-', rule)}"


def count(number: int, noun: str) -> str:
    """A number and its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def prose(text: str) -> Markup:
    """A sentence of the catalogue, in which `code` stands between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return join(text)
    return join(*(tag("code", part) if number % 2 else part for number, part in enumerate(parts)))


def breakable(text: str) -> Markup:
    """Code that a narrow lane breaks between words rather than within them."""
    pieces = re.split(r"(?<=[_(,])(?=[\w'\"])|(?<=\.)(?=[A-Za-z])", text)
    return tag("code", *(join(tag("wbr"), piece) if number else piece for number, piece in enumerate(pieces)))
