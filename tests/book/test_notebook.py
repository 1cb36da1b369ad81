"""The tutorial as a notebook: it is one, runs from the top, prints what the page says, and can be had on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from docs.book.notebook import BOOK, PAGE, notebook

TEXT = (Path(__file__).parents[2] / "docs" / f"{PAGE}.md").read_text(encoding="utf-8")


def _printed(cell: Any) -> str:
    return "".join(output["text"] for output in cell["outputs"] if output["output_type"] == "stream")


@pytest.mark.timeout(180)
def test_it_runs_from_the_top_and_prints_what_the_page_says(tmp_path: Path) -> None:
    """In a kernel of Jupyter's, cell by cell; a cell whose output the page does not show may print what it likes."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    expected = notebook(TEXT)
    nbformat.validate(expected)
    run = nbformat.from_dict(notebook(TEXT))
    nbclient.NotebookClient(run, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [pair for pair in zip(expected["cells"], run.cells, strict=True) if pair[0]["cell_type"] == "code"]
    assert len(cells) > 20
    for wanted, cell in cells:
        assert _printed(wanted) in ("", _printed(cell)), wanted["source"]


def test_a_block_is_a_cell_with_what_it_prints() -> None:
    """The block of text behind it is its output, and no part of the text that follows."""
    cells = notebook("# A\n\n```python\nprint(1)\n```\n\n```text\n2\n```\n\nand [b](b.md#c).\n")["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "markdown", "code", "markdown"]
    assert _printed(cells[2]) == "2\n"
    assert cells[3]["source"] == f"and [b]({BOOK}b.html#c)."


def test_its_text_is_whole_without_the_page() -> None:
    """Links lead to the served book, and no fold begins in one cell and ends in another."""
    for cell in notebook(TEXT)["cells"]:
        if cell["cell_type"] == "markdown":
            assert all(link.startswith("http") for link in re.findall(r"\]\(([^)]*)\)", cell["source"]))
            assert cell["source"].count("<details>") == cell["source"].count("</details>")


def test_the_page_offers_it(page: Any, site: str) -> None:
    """What is downloaded is the notebook of the page that is there."""
    page.goto(f"/{PAGE}.html")
    link = page.get_by_role("link", name="This page as a Jupyter notebook")
    assert link.get_attribute("download") is not None
    assert page.request.get(f"{site}/{link.get_attribute('href')}").json() == notebook(TEXT)
