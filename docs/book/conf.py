"""The book: Sphinx over docs/. `make docs` builds it into build/book, `make docs-serve` serves it."""

from __future__ import annotations

import spec_model

project = "OmniMailbox for Python"
author = "OmniMailbox contributors"
release = version = spec_model.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline", "attrs_block", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["book", "examples"]

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["book.css"]
html_copy_source = False
html_theme_options = {"source_view_link": "", "footer_icons": []}
