"""What the book says of each rule beyond docs/rules.md: the lines that state it, its mutants, and what the runs found.

The lines are those of the model, or, for what a sequential model cannot say, of the implementation: wherever a
docstring or a comment names the rule. Nothing of this is stored; it is read off the sources as the book is built.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.application import Sphinx

from docs.book.implementations import evidence, verdicts
from docs.book.repository import IMPLEMENTATION, MODEL, ROOT, lines_as_html, source_page, sources
from tests.mutation.mutants import MUTANTS

ID = re.compile(r"\b[A-Z]{3}-\d+\b")
MUTANTS_LINE = re.compile(r"^- mutants: \[mutation\.md#([a-z]{3}-\d+)\].*$", re.MULTILINE)
"""In docs/rules.md, the last line of each rule."""
SECTION = re.compile(r" *(Precondition|Effect|Result): ")
"""Of a docstring of the model."""
MOST_LINES = 12
"""Of an `if`, loop or the like that is shown whole for a comment in it."""
MOST_MUTANTS = 12
"""That are named beside a rule; docs/mutation.md has them all."""


class Lines(NamedTuple):
    """Lines of a file that state a rule, and what they belong to: a function, a class, or "" for the file."""

    path: str
    owner: str
    first: int
    last: int


def stating(patterns: Iterable[str]) -> dict[str, list[Lines]]:
    """By rule, the lines of those files that name it and what they say, in order and without overlaps."""
    found: dict[str, list[Lines]] = {}
    for path in sources(patterns):
        text = path.read_text(encoding="utf-8")
        if not ID.search(text):
            continue
        name = path.relative_to(ROOT).as_posix()
        for rule, first, last, owner in _of_python(text) if path.suffix == ".py" else _of_c(text):
            before = found.setdefault(rule, [])
            if before and before[-1].path == name and first <= before[-1].last + 1:
                first, owner = before[-1].first, before[-1].owner
                last = max(last, before.pop().last)
            before.append(Lines(name, owner, first, last))
    return found


def _of_python(text: str) -> list[tuple[str, int, int, str]]:
    """Rule, first and last line, owner; of a docstring the section or paragraph, of a comment its statement."""
    tree, lines = ast.parse(text), text.splitlines()
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.COMMENT, tokenize.STRING):
            continue
        begin = token.start[0]
        for number, line in enumerate(token.string.splitlines(), begin):
            for rule in ID.findall(line):
                if token.type == tokenize.COMMENT:
                    first, last = _statement(tree, lines, number)
                else:
                    first, last = _paragraph(lines, number, begin, token.end[0])
                found.append((rule, first, last, _owner(tree, number)))
    return sorted(found, key=lambda each: each[1:3])


def _around(tree: ast.AST, line: int) -> list[ast.stmt]:
    """The statements around a line, the outermost first."""
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _first(node) <= line <= _last(node)]
    return sorted(around, key=lambda node: (_first(node), -_last(node)))


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _owner(tree: ast.AST, line: int) -> str:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return ".".join(node.name for node in _around(tree, line) if isinstance(node, kinds))


def _statement(tree: ast.AST, lines: list[str], line: int) -> tuple[int, int]:
    """The largest short statement around a comment, no function; else the comment itself and what is below it."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in _around(tree, line):
        if not isinstance(node, kinds) and _last(node) - _first(node) < MOST_LINES:
            return _first(node), _last(node)
    last = line
    while last < len(lines) and lines[last - 1].lstrip().startswith("#"):
        last += 1
    below = [_last(node) for node in ast.walk(tree) if isinstance(node, ast.stmt) and _first(node) == last]
    return line, min(max(below, default=last), line + MOST_LINES)


def _paragraph(lines: list[str], line: int, begin: int, end: int) -> tuple[int, int]:
    """The lines of a docstring, from `begin` to `end`, around one: up to a blank one, or the next section's first."""
    first = last = line
    while first > begin and lines[first - 2].strip() and not SECTION.match(lines[first - 1]):
        first -= 1
    while last < end and lines[last].strip() and not SECTION.match(lines[last]):
        last += 1
    return first, last


def _of_c(text: str) -> list[tuple[str, int, int, str]]:
    """The same of C: the comment, or the run of lines with no blank one between, that names the rule."""
    lines, found = text.splitlines(), []
    for number, line in enumerate(lines, 1):
        for rule in ID.findall(line):
            first = last = number
            while first > 1 and lines[first - 2].strip() and number - first < MOST_LINES // 2:
                first -= 1
            while last < len(lines) and lines[last].strip() and last - number < MOST_LINES // 2:
                last += 1
            found.append((rule, first, last, ""))
    return found


def additions(rule: str, model: list[Lines], implementation: list[Lines]) -> str:
    """What the book says of a rule after its checks."""
    mutants = [f"[{each.id}](mutation.md#{each.id})" for each in MUTANTS if rule in each.rules]
    more = [f"and [{len(mutants) - MOST_MUTANTS} more](mutation.md#{rule.lower()})"] * (len(mutants) > MOST_MUTANTS)
    lines = [
        f"- [mutants](mutation.md#{rule.lower()}) that break it: {', '.join(mutants[:MOST_MUTANTS] + more) or 'none'}",
        f"- the last runs: {_verdicts(rule)}",
    ]
    if model:
        lines.append(_folded(model, "The lines of the model that state it"))
    elif implementation:
        lines.append(
            _folded(implementation, "The model is sequential and does not state it; the implementation names it in")
        )
    else:
        lines.append("- the model is sequential and does not state it")
    return "\n".join(lines)


def _folded(stated: list[Lines], said: str) -> str:
    """The lines themselves, below a line that unfolds them; each part with a link to where it is."""
    owners = dict.fromkeys(escape(each.owner.rpartition(".")[2] or Path(each.path).name) for each in stated)
    html = [f"<details><summary>{said}: {', '.join(f'<code>{owner}</code>' for owner in owners)}</summary>"]
    for path, owner, first, last in stated:
        where = f"{path}, {f'lines {first} to {last}' if last > first else f'line {first}'}"
        of = f": <code>{escape(owner)}</code>" if owner else ""
        html.append(f'<p><a href="{source_page(path)}.html#L{first}">{where}</a>{of}</p>')
        html.append(lines_as_html(path, first, last))
    return "\n".join(["", "````{raw} html", *html, "</details>", "````"])


def _verdicts(rule: str) -> str:
    """Each verdict with the implementations that it was given to, linked to what it was made of."""
    by_verdict: dict[str, list[str]] = {}
    for name, verdict in verdicts(rule).items():
        by_verdict.setdefault(verdict, []).append(f'<a href="{evidence(name, rule)}">{escape(name)}</a>')
    said = "; ".join(f"{verdict} of {', '.join(names)}" for verdict, names in by_verdict.items())
    return f"{said} ([what was run](implementations/README.md))" if said else "none is recorded"


def _read(app: Sphinx, name: str, content: list[str]) -> None:
    """The page of the rules as the book has it."""
    if name != "rules":
        return
    model, implementation = stating(MODEL), stating(IMPLEMENTATION)

    def added(line: re.Match[str]) -> str:
        rule = line[1].upper()
        return additions(rule, model.get(rule, []), implementation.get(rule, []))

    content[0] = MUTANTS_LINE.sub(added, content[0])


def _note_sources(app: Sphinx, name: str, content: list[str]) -> None:
    """The page is made again when one of these files has changed."""
    if name == "rules":
        others = ("tests/mutation/mutants/*.py", "docs/implementations", "docs/implementations/*.json")
        for path in sources((*MODEL, *IMPLEMENTATION, *others)):  # a folder changes with the files that it has
            app.env.note_dependency(str(path))


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("source-read", _read)
    app.connect("source-read", _note_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
