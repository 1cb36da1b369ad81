"""Every atomic access, fence and wake of the core is in the table of necessity, and what the table says is so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.exploration.clients.build import sources
from conformance.exploration.clients.catalogue import FULL
from conformance.exploration.clients.verdict import explore
from conformance.exploration.necessity.__main__ import main
from conformance.exploration.necessity.accesses import Access, accesses
from conformance.exploration.necessity.document import page, trace_name
from conformance.exploration.necessity.reasons import REASONS
from conformance.exploration.necessity.table import mismatches, read, write
from conformance.exploration.necessity.weaker import Change, changed, changes

pytestmark = pytest.mark.once
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"
)
DOCS = Path(__file__).parents[3] / "docs"
CHANGES = {change.key: change for access in accesses(sources()) for change in changes(access)}
CLIENTS = {client.name: client for client in FULL}


def test_the_table_is_that_of_the_core() -> None:
    """Every access has a row, no row is of another core, and each row has a failing client or a reason, not both."""
    assert not mismatches(read(), CHANGES, REASONS)


def test_the_page_is_that_of_the_table() -> None:
    """docs/necessity.md says what the table says, and has each trace that it names."""
    rows = read()
    assert (DOCS / "necessity.md").read_text() == page(rows, REASONS)
    named = {trace_name(number) for number, row in enumerate(rows, 1) if row.client}
    assert {f"necessity/{path.name}" for path in (DOCS / "necessity").glob("*.txt")} == named


@needs_compiler
@pytest.mark.timeout(120)
@pytest.mark.parametrize("row", [row for row in read() if row.client][::6], ids=lambda row: row.change)
def test_a_change_fails_as_the_table_says(row: object, tmp_path: Path) -> None:
    """A sixth of the changes, made again: the client named there fails, and as that."""
    change = CHANGES[row.change]  # type: ignore[attr-defined]
    verdict = explore(CLIENTS[row.client], core=changed(sources(), change, tmp_path))  # type: ignore[attr-defined]
    assert verdict.result.failure


def test_an_access_that_is_new_is_missed(tmp_path: Path) -> None:
    """A core with an access more, or with another order, does not fit the table."""
    core = tmp_path / "core"
    shutil.copytree(sources(), core)
    ring = (core / "ring.h").read_text()
    (core / "ring.h").write_text(ring.replace("write + count, release", "write + count, seq_cst"))
    other = [change.key for access in accesses(core) for change in changes(access)]
    problems = mismatches(read(), other, REASONS)
    assert len(problems) == 2
    assert problems[0].startswith(
        "not in the table: ring.h ring_publish: platform_store(&ring->write_index, write + count, seq"
    )
    assert problems[1].startswith("no longer in the core: ring.h ring_publish")


def test_a_row_needs_one_of_the_two(tmp_path: Path) -> None:
    """A row with neither client nor reason is reported, and one with both; so is a reason for nothing."""
    rows = read()
    write(rows, tmp_path / "table.json")
    assert read(tmp_path / "table.json") == rows
    found = next(row for row in rows if row.client)
    unfound = [replace(row, client="") if row is found else row for row in rows]
    assert mismatches(unfound, CHANGES, REASONS) == [
        f"no client fails, and no reason says why it stays: {found.change}"
    ]
    assert mismatches(rows, CHANGES, {**REASONS, found.change: "it stays"}) == [
        f"fails a client, and a reason says why nothing fails: {found.change}"
    ]
    assert mismatches(rows, CHANGES, {**REASONS, "nothing": "it stays"}) == [
        "a reason for what is not in the core: nothing"
    ]


SOURCE = """\
/* platform_load(&in_a_comment, relaxed) */
static inline void eventcount_wake(platform_word *asleep) {
  platform_fence_light();
  if (platform_load(&asleep->value, relaxed) && platform_exchange(&asleep->value, f(0, g(1)), acq_rel)) platform_wake(asleep);
}
#define TWICE(x)            \\
  platform_store(x, 1, relaxed); \\
  platform_store(x, 1, relaxed);
"""


def test_accesses_are_found_in_source(tmp_path: Path) -> None:
    """Calls over parentheses, in functions and macros, not in comments nor definitions; alike ones are numbered."""
    (tmp_path / "a.h").write_text(SOURCE)
    (tmp_path / "platform.h").write_text("platform_load(x, relaxed)")
    assert [(each.key, each.operation, each.order) for each in accesses(tmp_path)] == [
        ("a.h eventcount_wake: platform_fence_light()", "fence", ""),
        ("a.h eventcount_wake: platform_load(&asleep->value, relaxed)", "load", "relaxed"),
        ("a.h eventcount_wake: platform_exchange(&asleep->value, f(0, g(1)), acq_rel)", "exchange", "acq_rel"),
        ("a.h eventcount_wake: platform_wake(asleep)", "wake", ""),
        ("a.h TWICE: platform_store(x, 1, relaxed)", "store", "relaxed"),
        ("a.h TWICE: platform_store(x, 1, relaxed) (2)", "store", "relaxed"),
    ]


def test_a_change_is_made_where_it_is_named(tmp_path: Path) -> None:
    """Only that access changes; a fence loses its seq_cst, a wake goes."""
    core = tmp_path / "original"
    core.mkdir()
    (core / "a.h").write_text(SOURCE)

    def made(access: Access, weaker: str) -> str:
        folder = tmp_path / f"{access.start}{weaker}"
        return (changed(core, Change(access, weaker), folder) / "a.h").read_text()

    fence, load, exchange, wake, _, second = accesses(core)
    assert [change.weaker for change in changes(exchange)] == ["acquire", "release"]
    assert made(exchange, "acquire") == SOURCE.replace("acq_rel", "acquire")
    assert made(load, "nonatomic") == SOURCE.replace("value, relaxed", "value, nonatomic")
    assert made(fence, "acq_rel") == SOURCE.replace("platform_fence_light()", "atomic_thread_fence(memory_order_acq_rel)")
    assert made(wake, "left out") == SOURCE.replace("platform_wake(asleep)", "(void)0")
    assert made(second, "nonatomic").endswith("relaxed); \\\n  platform_store(x, 1, nonatomic);\n")


@needs_compiler
@pytest.mark.timeout(300)
def test_the_command_says_what_has_no_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """For one access: its change, and the client that fails with it."""
    assert main(["--only", "ring_publish: platform_store(&ring->write_index", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "data race in" in printed and "1 changes: 1 found by a client" in printed
