"""The book: Sphinx over docs/. `make docs` builds it into build/book, `make docs-serve` serves it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import spec_model  # noqa: E402

project = "OmniMailbox for Python"
author = "OmniMailbox contributors"
release = version = spec_model.__version__

extensions = [
    "myst_parser",
    *(f"docs.book.{name}" for name in ("repository", "rules", "matrix", "model", "memory", "notebook")),
]
myst_enable_extensions = ["attrs_inline", "attrs_block", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
myst_url_schemes = {"http": None, "https": None, "mailto": None, "repository": None}
exclude_patterns = ["book"]

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["book.css"]
html_js_files = [("book.js", {"type": "module"})]
html_copy_source = False
html_use_index = html_show_copyright = False
html_theme_options = {"source_view_link": "", "footer_icons": []}
