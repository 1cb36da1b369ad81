"""The tutorial as a Jupyter notebook, made of its page while the book is built, and offered for download there."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = "tutorial"

BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```python\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
"""A block of Python on a page, why it is not run if it is not, and the block of text that it prints, if one follows."""

BOOK = "http://localhost:8000/"
"""Where links of a notebook lead: the book, as `make docs-serve` serves it."""

LINK = re.compile(r"\]\((?:([^):#\s]+)\.md)?(#[^)\s]*)?\)")
SUMMARY = re.compile(r"<details><summary>(.*?)</summary>")

ABOVE = f"""\
This is a page of the book as a notebook, made with it. Run its cells from the top, instead of a file to which blocks
are appended. The kernel's Python needs what the section *Set up* installs. Links lead to the book, which
`make docs-serve` in a clone serves at {BOOK}."""

OFFER = '<p><a href="{name}.ipynb" download>This page as a Jupyter notebook</a>, to run its blocks one by one.</p>'


def notebook(text: str, name: str = PAGE) -> dict[str, Any]:
    """The notebook of a page, in nbformat 4.5: a cell for each block of Python that is run, with what it must print."""
    cells, end = [_cell("markdown", ABOVE)], 0
    for block in BLOCK.finditer(text):
        if block["why"]:
            continue
        cells.append(_cell("markdown", _prose(text[end : block.start()], name)))
        cells.append(_cell("code", block["code"]) | {"execution_count": None, "outputs": _printed(block["output"])})
        end = block.end()
    cells.append(_cell("markdown", _prose(text[end:], name)))
    cells = [cell for cell in cells if cell["source"]]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source.strip("\n")}


def _printed(output: str | None) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": output}] if output else []


def _prose(text: str, name: str) -> str:
    """What is between two blocks: its links lead to the book, and no fold begins in one cell and ends in another."""

    def link(found: re.Match[str]) -> str:
        page = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1])) if found[1] else name
        return f"]({BOOK}{page}.html{found[2] or ''})"

    if text.count("<details>") != text.count("</details>") or text.find("</details>") < text.find("<details>"):
        text = SUMMARY.sub(r"**\1**", text).replace("</details>", "")
    return LINK.sub(link, text)


def _offer(app: Sphinx, name: str, content: list[str]) -> None:
    """Below the page's title."""
    if name == PAGE and app.builder.format == "html":
        title, blank, rest = content[0].partition("\n\n")
        content[0] = f"{title}{blank}{OFFER.format(name=name)}{blank}{rest}"


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        text = Path(app.env.doc2path(PAGE)).read_text(encoding="utf-8")
        (Path(app.outdir) / f"{PAGE}.ipynb").write_text(json.dumps(notebook(text), indent=1) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("source-read", _offer)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
