"""The JSON document of a run: read from a file and validated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.results import FORMAT

Document = dict[str, Any]

_FAILURE = {
    "rule": str, "check": str, "kind": str, "seen": str, "target": str, "program": [str], "python": str,
    "details": {str: object}, "cause": str,
}  # fmt: skip
_RULE = {
    "id": str, "area": str, "section": str, "text": str, "verdict": str, "why": str, "checks": [str], "operations": int,
}  # fmt: skip
_CHECK = {
    "id": str, "rule": str, "layer": str, "claim": str, "outcome": str, "operations": int, "seconds": float,
    "reason": str,
}  # fmt: skip
_DOCUMENT = {
    "reference": str, "target": str, "profile": str, "whole": bool, "not_provided": {str: str}, "assumed": [str],
    "environment": {str: str}, "verdict": str, "seconds": float, "operations": int, "figures": {str: int},
    "areas": {str: str}, "rules": [_RULE], "checks": [_CHECK],
    "coverage": [{"operation": str, "result": str, "count": int}],
    "interruptions": [{"operation": str, "result": str, "count": int}],
    "uncovered": [[str]], "unlisted": [[str]], "not_run": [str], "too_few": int, "failures": [_FAILURE],
}  # fmt: skip
"""A form is a type, a list of one form, named fields, or any names ({str: form})."""

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", list: "a list", dict: "an object"}


def read(path: Path) -> Document:
    """The document in a file; ValueError for anything else, OSError for no file."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    try:
        return validated(document)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def validated(document: Any) -> Document:
    """The document, if it is one of this format; ValueError says what is wrong with it."""
    if not isinstance(document, dict) or "format" not in document:
        raise ValueError("no report of omni-conformance: it has no format number; `run --json FILE` writes one")
    if "rules" not in document and "program" in document:
        raise ValueError("this is one failure, not the report of a run; `replay` takes it")
    if document["format"] != FORMAT or isinstance(document["format"], bool):
        raise ValueError(f"the report has format {document['format']!r}; this version reads format {FORMAT} only")
    _fits(document, _DOCUMENT, "")
    for number, rule in enumerate(document["rules"]):
        if rule["area"] not in document["areas"]:
            raise ValueError(f"rules[{number}].area is {rule['area']!r}, which is not one of the areas")
    for key in ("uncovered", "unlisted"):
        if any(len(pair) != 2 for pair in document[key]):
            raise ValueError(f"{key} should hold pairs of operation and result")
    return document


def _fits(found: Any, form: Any, where: str) -> None:
    kind = form if isinstance(form, type) else type(form)
    wrong = not isinstance(found, (int, float) if kind is float else kind)
    if wrong or (isinstance(found, bool) and kind in (int, float)):
        raise ValueError(f"{where or 'the report'} is {found!r:.60}, not {_NAMES[kind]}")
    if isinstance(form, list):
        for number, each in enumerate(found):
            _fits(each, form[0], f"{where}[{number}]")
    elif isinstance(form, dict) and str in form:
        for key, each in found.items():
            _fits(each, form[str], f"{where}[{key!r}]")
    elif isinstance(form, dict):
        for key, inner in form.items():
            inside = f"{where}.{key}" if where else key
            if key not in found:
                raise ValueError(f"{inside} is missing")
            _fits(found[key], inner, inside)
