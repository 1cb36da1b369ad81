"""Elements of a page; text in them is escaped unless it is markup already."""

from __future__ import annotations

from html import escape

from conformance.reports.text import visible

_EMPTY = ("input", "meta", "wbr")


class Markup(str):
    """Text that is markup: made by `tag` and `join`, by nothing that a target says."""

    __slots__ = ()


Content = str | None
"""Markup, text to be escaped, or nothing."""


def tag(name: str, /, *contents: Content, **attributes: str | bool | None) -> Markup:
    """An element. `class_` and the like stand for names that Python keeps; False and None leave an attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(key.rstrip("_") if each is True else each))}"'
        for key, each in attributes.items()
        if each is not None and each is not False
    )
    # Closed as XML closes it, so that a strict parser can judge whether anything broke out of its place.
    return Markup(f"<{name}{said} />" if name in _EMPTY else f"<{name}{said}>{join(*contents)}</{name}>")


def join(*contents: Content) -> Markup:
    """Contents one after the other."""
    return Markup("".join(each if isinstance(each, Markup) else escape(visible(each or "")) for each in contents))
