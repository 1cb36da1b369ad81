"""Lets pages link as they do in a repository: to any file of it, at a line, and to anchors written as HTML.

A page is read with its links rewritten. One to another file becomes a link to a page with that file's text, highlighted
and with its lines numbered; `<a id="x"></a>` becomes a target that Sphinx knows. So the Markdown reads as well on a
repository host, and the book needs none. Pages from outside docs/ are read too, and a README.md has the other pages of
its folder below it, in the order in which it names them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound
from sphinx.application import Sphinx
from sphinx.project import Project
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

OUTSIDE = {name: f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")}
"""Pages of the book that are not in docs/: name and path from the project's root."""

MODEL = ("spec_model/**/*.py",)
IMPLEMENTATION = (
    "fast_impl/*.py", "fast_impl/cffi/*.py", "fast_impl/flatbuffers/*.py", "fast_impl/core/**/*.[ch]",
    "fast_impl/cpython/*.[ch]",
)  # fmt: skip
"""Files that have a page even where no page of docs/ links to them: other parts of the book do."""

IMAGES = (".svg", ".png")
SCHEME = "repository"
"""Of the links to files, until the pages are written: `repository:PATH#LINE`."""

LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
CODE = re.compile(
    r"^(`{3,}|~{3,})(?!\{).*?^\1[`~]*$|(?<!`)(`{1,2})(?!`)(?:(?!\n\n).)+?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE
)
"""Where nothing is a link: fenced blocks that are no directives, and code in a line."""

LOG = logging.getLogger(__name__)


class Pages(Project):
    """The pages of docs/, and those of OUTSIDE."""

    def discover(self, *args: Any, **kwargs: Any) -> set[str]:
        """All of them, by name."""
        super().discover(*args, **kwargs)
        self.docnames.update(OUTSIDE)
        return self.docnames

    def doc2path(self, docname: str, absolute: bool) -> Any:
        """Where the page is stored."""
        if docname not in OUTSIDE:
            return super().doc2path(docname, absolute)
        path = type(self.srcdir)(ROOT / OUTSIDE[docname])
        return path if absolute else type(self.srcdir)(posixpath.relpath(path, self.srcdir))


def rewritten(text: str, name: str, pages: set[str]) -> tuple[str, set[str]]:
    """The text of the page of this name with its links as Sphinx takes them, and the files that it links to.

    A link into nowhere is left as it is: Sphinx warns of it.
    """
    files = set()
    folder = (ROOT / OUTSIDE[name] if name in OUTSIDE else DOCS / name).parent

    def link(found: re.Match[str]) -> str:
        target, anchor = (folder / found[1]).resolve(), found[2] or ""
        if not target.exists() or target.suffix in IMAGES or not target.is_relative_to(ROOT):
            return found[0]
        path = target.relative_to(ROOT).as_posix()
        page = next((each for each, stored in OUTSIDE.items() if stored == path), path[5:-3])
        if target.suffix == ".md" and page in pages:
            return f"](project:/{page}.md{anchor})"
        if not target.is_file():
            LOG.warning("%s links to the folder %s, which has no page: link to a file in it", name, path)
        files.add(path)
        return f"]({SCHEME}:{path}{anchor})"

    def plain(part: str) -> str:
        return ANCHOR.sub(_anchor, LINK.sub(link, part))

    parts, end = [], 0
    for code in CODE.finditer(text):
        parts += [plain(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, plain(text[end:])]), files


def _anchor(found: re.Match[str]) -> str:
    """Sphinx makes an id of its own of some, in the links too: then the one that is written stays beside it."""
    return f"[]{{#{found[1]}}}" if nodes.make_id(found[1]) == found[1] else f"{found[0]}[]{{#{found[1]}}}"


def source_page(path: str) -> str:
    """The name of the page that shows a file of the repository; its lines have the anchors L1, L2 and so on."""
    return f"source/{path}"


def sources(patterns: Iterable[str]) -> list[Path]:
    """The files of the repository that fit MODEL or the like, in order."""
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


@cache
def _highlighted(path: str) -> list[str]:
    text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
    try:
        lexer = get_lexer_for_filename(path, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    coloured: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return coloured.splitlines(keepends=True)


def lines_as_html(path: str, first: int = 1, last: int | None = None) -> str:
    """A file's lines, highlighted and numbered; each has its anchor if all of them are asked for."""
    name = "id" if first == 1 and last is None else "data-line"
    lines = enumerate(_highlighted(path)[first - 1 : last], first)
    spans = "".join(f'<span {name}="L{number}">{line}</span>' for number, line in lines)
    return f'<div class="highlight lines"><pre style="counter-reset: line {first - 1}">{spans}</pre></div>'


def _use_pages(app: Sphinx) -> None:
    app.project = app.env.project = Pages(app.srcdir, app.config.source_suffix)


def _outdated(app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]) -> set[str]:
    """With a page that has come or gone, all are read again, for their links; and what was made of it goes."""
    for name in removed:
        (app.outdir / f"{name}.html").unlink(missing_ok=True)
    return set(env.found_docs) if added or removed else set()


def _read(app: Sphinx, name: str, content: list[str]) -> None:
    content[0], files = rewritten(content[0], name, app.env.found_docs)
    app.env.metadata[name]["files"] = files
    folder = f"{posixpath.dirname(name)}/"
    below = sorted(page for page in app.env.found_docs if page.startswith(folder) and page != name)
    if posixpath.basename(name) == "README" and below:
        below.sort(key=lambda page: content[0].find(f"/{page}.md") % (len(content[0]) + 1))  # unnamed: last
        content[0] += "\n```{toctree}\n:hidden:\n\n/" + "\n/".join(below) + "\n```\n"


def _link(app: Sphinx, tree: nodes.document, name: str) -> None:
    """The links to files, which are known only now that the address of this page is."""
    for node in tree.findall(nodes.reference):
        if node.get("refuri", "").startswith(f"{SCHEME}:"):
            path, _, anchor = node["refuri"].removeprefix(f"{SCHEME}:").partition("#")
            page = app.builder.get_relative_uri(name, source_page(path))
            node["refuri"] = page + (f"#{anchor.partition('-')[0]}" if anchor else "")
            node["internal"] = True


def _show(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    linked = {path for page in app.env.metadata.values() for path in page.get("files", ())}
    always = {path.relative_to(ROOT).as_posix() for path in sources(MODEL + IMPLEMENTATION)}
    for path in sorted(linked | always):
        title = escape(path)
        yield source_page(path), {"title": title, "body": f"<h1>{title}</h1>{lines_as_html(path)}"}, "page.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("builder-inited", _use_pages)
    app.connect("env-get-outdated", _outdated)
    app.connect("source-read", _read, priority=900)  # after those that write part of a page
    app.connect("doctree-resolved", _link)
    app.connect("html-collect-pages", _show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
