"""The page of the model in a browser: an operation and its rule, back, fork, link, a failure of a report, keyboard."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.link import decode, encode
from conformance.rules import RULES
from tests.book.conftest import HEIGHT

ROOT = Path(__file__).resolve().parents[2]
LOADING = 120_000.0
"""Milliseconds that a machine with much else to do may take to start Python in the browser."""

WIDE = [1280]
"""Of what is the same at any width."""

pytestmark = pytest.mark.timeout(300)


class Model:
    """The page as a reader uses it."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def open(self, path: str = "/model.html") -> Model:
        """Go there, and wait until the model has answered."""
        self.page.goto(path)
        return self.ready(LOADING)

    def ready(self, limit: float = 30_000.0) -> Model:
        """Wait until nothing is asked of the model any more."""
        self.page.wait_for_selector('#model[data-state="ready"]', timeout=limit)
        return self

    def press(self, side: str, operation: str, **fields: str) -> Model:
        """Fill in fields of a side, and press an operation."""
        section = self.page.get_by_role("region", name=side, exact=True)
        for name, value in fields.items():
            field = section.get_by_label(name, exact=True)
            (field.select_option if field.evaluate("each => each.tagName") == "SELECT" else field.fill)(value)
        section.get_by_role("button", name=operation, exact=True).click()
        return self.ready()

    def choose(self, button: str) -> Model:
        """Press one of the other buttons."""
        self.page.get_by_role("button", name=button, exact=True).click()
        return self.ready()

    def text(self, part: str) -> str:
        """Of a part of the page."""
        return str(self.page.locator(f"#model {part}").first.inner_text())

    def figure(self, name: str) -> str:
        """One of the channel's figures."""
        found = self.page.locator("#model .channel .figures div").filter(has=self.page.get_by_text(name, exact=True))
        return str(found.locator("dd").inner_text())

    def steps(self) -> list[str]:
        """The lines of all steps."""
        return list(map(str, self.page.locator("#model .tree code").all_inner_texts()))


@pytest.fixture
def model(page: Any) -> Model:
    """The page, loaded."""
    return Model(page).open()


def test_an_operation_shows_its_rule_and_what_did_not_apply(model: Model, fits: Callable[[], None]) -> None:
    """The answer, the rule with a link that leads to it, the precedence, the lines, and what changed; it fits."""
    model.press("Producer", "try_push(data)", data="b'hello'")
    assert model.text(".answer .call") == "p.try_push(b'hello') SUCCESS"
    assert model.page.locator(".answer .rules a").all_inner_texts() == ["PSH-1"]
    assert RULES["PSH-1"].text.replace("`", "") in model.text(".answer .rules")
    window, status = model.page.viewport_size, model.page.locator("#model .status").bounding_box()
    assert status["y"] >= 0 and status["y"] + status["height"] <= window["height"]
    said = model.text(".status")
    assert "by PSH-1" in said and "waiting 0 of 8 → 1 of 8" in said
    assert model.figure("waiting").startswith("1 of 8")
    assert model.page.locator(".channel .slot.full.lit code").all_inner_texts() == ["b'hello'"]
    entries = model.page.locator(".why .precedence li").evaluate_all("all => all.map(each => each.className)")
    assert entries == ["passed"] * 4 + ["decides"]
    assert (
        model.page.locator(".why .line.decided")
        .inner_text()
        .strip()
        .endswith("return publish(channel, data), PushResult.SUCCESS")
    )
    fits()
    model.page.locator(".answer .rules a").first.click()
    model.page.wait_for_url("**/rules.html#psh-1")
    assert model.page.locator("#psh-1").count() == 1


@pytest.mark.parametrize("page", WIDE, indirect=True)
@pytest.mark.parametrize(("side", "operation"), [("Producer", "try_push(data)"), ("Broker", "shutdown(timeout)")])
def test_the_channel_is_in_sight_of_what_is_pressed(model: Model, side: str, operation: str) -> None:
    """At a desk: the answer, the channel's figures and the button are in one window, whole."""
    button = model.page.get_by_role("region", name=side, exact=True).get_by_role("button", name=operation, exact=True)
    model.press(side, operation)
    for part in (button, model.page.locator("#model .answer .call"), model.page.locator("#model .channel .figures")):
        box = part.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= HEIGHT


def test_a_refused_argument_names_its_rule(model: Model) -> None:
    """It is the model's own error, from the line that raised it."""
    model.press("Producer", "try_push(data)", data="'text'")
    assert "TypeError: a message must be a bytes-like object, not str" in model.text(".answer .call")
    assert model.page.locator(".answer .rules a").all_inner_texts() == ["ARG-1"]
    assert "raise TypeError" in model.page.locator(".why .line.decided").inner_text()
    assert "Nothing changed" in model.text(".status")


def test_back_and_fork(model: Model) -> None:
    """Back shows the state of before; another operation there is a branch of its own, and both stay."""
    model.press("Producer", "try_push(data)").press("Consumer", "try_pop()")
    assert model.figure("waiting").startswith("0 of 8") and model.figure("held").startswith("message 0")
    model.choose("Back")
    assert model.figure("waiting").startswith("1 of 8") and model.figure("held").startswith("none")
    model.press("Producer", "close()")
    assert model.steps()[-3:] == ["p.try_push(b'a')", "_, m = c.try_pop()", "p.close()"]
    assert model.page.locator("#model .tree ol ol").count() == 2
    model.page.get_by_role("button", name="_, m = c.try_pop() SUCCESS", exact=True).click()
    model.ready()
    assert model.figure("producer").startswith("live") and model.figure("held").startswith("message 0")


SLOW_CLIPBOARD = "navigator.clipboard.writeText = () => new Promise((done) => setTimeout(done, 500))"
"""What is not at once leaves the page busy until it is done."""


def test_a_link_opens_to_the_same_in_a_fresh_browser(model: Model, browser: Any, site: str) -> None:
    """Every step, the fork, the name, and the state that was shown."""
    model.press("Producer", "batch_push(messages)").press("Consumer", "batch_pop(max_count, timeout)")
    model.page.get_by_label("Name of this step").fill("two of three")
    model.page.get_by_label("Name of this step").press("Enter")
    model.ready().choose("Back").press("Producer", "close()").choose("Back").choose("Forward")
    link = model.page.url
    assert decode(urlsplit(link).fragment)["names"] == {3: "two of three"}
    model.page.evaluate(SLOW_CLIPBOARD)
    model.choose("Copy link")
    assert model.text(".status") == "The link is copied: it holds the whole history."
    context = browser.new_context(base_url=site)
    try:
        other = Model(context.new_page()).open(link.removeprefix(site))
        for part in (".channel", ".answer", ".tree", ".why", ".place"):
            assert other.text(part) == model.text(part)
        assert other.page.url == link
    finally:
        context.close()


def test_a_call_waits_while_the_other_side_plays(model: Model) -> None:
    """What it waits for is shown; a push ends it; another is ended by its time."""
    model.press("Consumer", "blocking_pop(timeout)", timeout="1")
    assert "c.blocking_pop(1) waits for a message" in model.text(".channel .waits").replace("_, m = ", "")
    model.press("Consumer", "try_pop()")
    assert "Not done" in model.text(".status") and "CON-2" in model.text(".status")
    assert model.text(".answer").startswith("Not done.")
    model.press("Producer", "try_push(data)", data="b'now'")
    assert "which waited (SUCCESS, a Message of b'now')" in model.text(".answer")
    assert model.page.locator(".channel .waits").count() == 0
    model.press("Consumer", "receive(timeout)").choose("Let its time run out")
    assert "TimeoutError" in model.text(".answer .call") and model.figure("failed pops").startswith("1")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A real one, of an implementation that holds one message too few: the JSON, and what the terminal showed."""
    folder = tmp_path_factory.mktemp("report")
    source = (ROOT / "docs/examples/target_python/omni_deque.py").read_text()
    (folder / "one_short.py").write_text(source + SHORT)
    command = [
        sys.executable,
        "-m",
        "conformance",
        "run",
        "--target",
        "one_short",
        "--only",
        "PSH-2/exactly-capacity-fit",
    ]
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    ran = subprocess.run([*command, "--workers", "1", "--json", str(folder / "r.json")], cwd=folder, env=environment,
                         capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    document: dict[str, Any] = json.loads((folder / "r.json").read_text())
    (failure,) = document["failures"]
    assert failure["link"] in ran.stdout
    return failure  # type: ignore[no-any-return]


SHORT = """

_right = ProducerHandle.try_push


def _one_too_few(self, data):
    return PushResult.QUEUE_FULL if self.available_slots() == 1 else _right(self, data)


ProducerHandle.try_push = _one_too_few
"""


def test_a_failures_link_from_a_report_opens_at_the_failing_step(model: Model, report: dict[str, Any]) -> None:
    """The program is the history; at its end stand both answers and the rule; a step before it can be gone to."""
    page, _, fragment = report["link"].partition("#")
    assert page == "http://localhost:8000/model.html"
    model.open(f"/model.html?#{fragment}")
    assert model.steps() == list(report["program"])
    told = model.text(".answer .reported")
    assert "one_short" in told and "rule PSH-2" in told
    assert "Here it gives QUEUE_FULL; the model gives SUCCESS" in told
    assert model.text(".answer .call") == "p.try_push(b'x') SUCCESS"
    assert model.figure("waiting").startswith("8 of 8")
    assert model.page.locator(".tree button[aria-current]").count() == 1
    model.choose("Back")
    assert model.page.locator(".answer .reported").count() == 0 and model.figure("waiting").startswith("7 of 8")


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_a_damaged_link_says_so(model: Model) -> None:
    """And the page works on."""
    model.page.evaluate("location.hash = 'not-a-history'")
    model.page.wait_for_function("document.querySelector('#model .status').textContent.startsWith('Not done')")
    assert "the link is" in model.text(".status")
    model.press("Producer", "try_push(data)")
    assert model.figure("waiting").startswith("1 of 8")


def test_what_ends_python_loses_nothing(browser: Any, site: str) -> None:
    """A link whose step is more than the browser's stack bears: the history is as it was, and can be gone on with."""
    context = browser.new_context(base_url=site)
    try:
        model = Model(context.new_page()).open().press("Producer", "try_push(data)")
        steps, address = model.steps(), model.page.url
        deep = encode({"steps": ["x = " + "-" * 19_000 + "1"]})
        model.page.evaluate("fragment => { location.hash = fragment }", deep)
        model.page.wait_for_function("document.querySelector('#model .status').textContent.startsWith('Not done')")
        model.ready(LOADING)
        assert (model.steps(), model.page.url) == (steps, address)
        model.press("Consumer", "try_pop()")
        assert model.steps() == [*steps, "_, m = c.try_pop()"] and model.figure("waiting").startswith("0 of 8")
    finally:
        context.close()


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_a_link_may_name_any_rule(model: Model) -> None:
    """One that there is not is shown as text, also where a script knows the word."""
    failure = dict.fromkeys(("kind", "target", "seen", "query", "expected", "got"), "") | {"rule": "constructor"}
    steps = ["b = omni.MailboxBroker()"]
    model.page.evaluate("fragment => { location.hash = fragment }", encode({"steps": steps, "failure": failure}))
    model.page.wait_for_selector("#model .answer .reported")
    assert model.ready().steps() == steps and "rule constructor" in model.text(".answer .reported")


def test_the_keyboard_alone_suffices(model: Model, accessible: Callable[[], None]) -> None:
    """Reach a field and a button by Tab, type, press, hear the answer, go back; axe finds nothing."""
    keyboard = model.page.keyboard

    def tab_to(name: str) -> None:
        for _ in range(200):
            if name in model.page.evaluate("[document.activeElement.name, document.activeElement.innerText]"):
                return
            keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {name}")

    model.page.locator("#model .bar").evaluate("each => each.querySelector('button:not(:disabled)').focus()")
    tab_to("data")
    keyboard.press("ControlOrMeta+A")
    keyboard.type("b'typed'")
    tab_to("try_push(data)")
    keyboard.press("Enter")
    model.ready()
    assert model.text(".answer .call") == "p.try_push(b'typed') SUCCESS"
    assert model.page.evaluate("document.activeElement.innerText") == "try_push(data)"
    assert model.page.locator("#model .status").get_attribute("role") == "status"
    tab_to("try_pop()")
    keyboard.press("Space")
    model.ready()
    assert model.figure("held").startswith("message 0")
    accessible()
    model.page.locator("#model .bar button").first.focus()
    keyboard.press("Enter")
    model.ready()
    assert model.figure("waiting").startswith("1 of 8")
    tab_to("Export")
    keyboard.press("Enter")
    model.page.wait_for_selector("dialog[open]")
    accessible()
    keyboard.press("Escape")
    model.page.wait_for_selector("dialog", state="detached")


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_an_exported_program_runs_on_fast_impl(model: Model, tmp_path: Path) -> None:
    """As it was saved, with a call that waits in a thread of its own."""
    model.press("Consumer", "blocking_pop(timeout)", timeout="None").press("Producer", "send(data, timeout)")
    model.press("Consumer", "view = message.data").press("Producer", "reserve(n, timeout)").press(
        "Producer", "write data"
    )
    model.press("Producer", "commit(n, offset)").press("Consumer", "receive(timeout)", timeout="1")
    model.page.get_by_role("button", name="Export", exact=True).click()
    with model.page.expect_download() as saved:
        model.page.get_by_role("link", name="Save as steps.py").click()
    path = tmp_path / "steps.py"
    saved.value.save_as(path)
    program = path.read_text()
    assert program.count("assert") > 5 and "begun(lambda: c.blocking_pop(timeout=None)" in program
    ran = subprocess.run([sys.executable, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
                         env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_the_time_of_a_step(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed, with how busy the machine was: from the second load to the first step, and of those after it."""
    model = Model(page).open()
    page.reload()
    model.ready(LOADING).press("Producer", "try_push(data)")
    first = page.evaluate("performance.now()")
    times = []
    for _ in range(5):
        model.press("Consumer", "try_pop()").press("Producer", "try_push(data)")
        times.append(int(page.get_attribute("#model", "data-took")))
    with capsys.disabled():
        print(f"\n  first step {first / 1000:.1f} s after the second load, each other {max(times)} ms at most; "
              f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")  # fmt: skip
    assert first < LOADING and max(times) < 10_000


PLAYED = """async ([fragment, where]) => {
    const worker = new Worker(new URL(where, location.href), { type: "module" });
    const ask = (what, given) => new Promise((done, fail) => {
        worker.onmessage = ({ data }) => { if (!data.progress) (data.broken ? fail(data.broken) : done(data.answer)); };
        worker.postMessage({ number: 1, what, given });
    });
    await ask("begin", []);
    return ask("open", [fragment]);
}"""

MANY = (
    "p.batch_push([b'a', b'', b'c'])", "p.send_many([b'a'] * 8, 0)", "p.try_push(b'x')", "_, m = c.batch_pop(3, 1)",
    "v = m[0].data", "c.receive(0)", "bytes(m[0])", "list(c)", "r = p.reserve(4)", "p.blocking_push(b'x', 1)",
    "w = r.data[0:4]", "p.commit(4)", "w.release()", "p.commit(4, 60)", "p.rollback()", "t = c.detach()", "v.release()",
    "t = c.detach()", "d = omni.attach(t)", "& _, n = d.blocking_pop(None)", "q = p.move()", "q.send(b'y')",
    "d.wait(-1)", "_, k = b.request_channel('', 5)", "_, k = b.request_channel('a')", "_, k = b.request_channel('b')",
    "del k", "& b.shutdown(1)", "q.close()", "& b", "d.close()", "b.get_stats()", "b.channels()", "copy.copy(b)",
)  # fmt: skip


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_the_browsers_python_finds_what_ours_does(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a history of most operations: each step's answer, state and reasons are the same, line by line."""
    monkeypatch.syspath_prepend(ROOT / "docs/book/static/model")
    from session import OPENING, Session

    session = Session()
    page.goto("/model.html")
    for shown in range(len(MANY)):
        fragment = encode({"steps": [*OPENING, *MANY[: shown + 1]]})
        session.open(fragment)
        if shown % 8 == 7 or shown == len(MANY) - 1:
            theirs = page.evaluate(PLAYED, [fragment, "_static/model/worker.js"])
            assert theirs == json.loads(json.dumps(session.view()))
        assert session.steps[-1].record["played"], session.steps[-1].record["said"]


@pytest.fixture
def micropip(page: Any) -> Iterator[Any]:
    """A page of the book, in which a Pyodide without the model has micropip from beside the page."""
    page.goto("/model.html")
    page.evaluate(
        """async () => {
            const here = new URL("_static/model/", location.href);
            const served = await (await fetch(new URL("served.json", here))).json();
            const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", here));
            window.python = await loadPyodide({ indexURL: new URL("pyodide/", here).href });
            await python.loadPackage(served.micropip.map(name => new URL(name, here).href), { messageCallback() {} });
            window.wheel = new URL(served.model, here).href;
        }"""
    )
    return page


@pytest.mark.parametrize("page", WIDE, indirect=True)
def test_micropip_installs_the_model(micropip: Any) -> None:
    """From the wheel that `make docs` builds, with nothing from elsewhere; it is spec_model unchanged, and answers."""
    answer = micropip.evaluate(
        """async () => {
            await python.pyimport("micropip").install(wheel);
            return JSON.parse(python.runPython(`
import json, hashlib, pathlib, spec_model
pair = spec_model.open_channel("a", broker=spec_model.MailboxBroker())
answer = pair.producer.try_push(b"x").name
root = pathlib.Path(spec_model.__file__).parent
json.dumps([answer, {str(each.relative_to(root)): hashlib.sha256(each.read_bytes()).hexdigest()
                     for each in root.rglob("*.py")}])`));
        }"""
    )
    root = ROOT / "spec_model"
    ours = {str(each.relative_to(root)): hashlib.sha256(each.read_bytes()).hexdigest() for each in root.rglob("*.py")}
    assert answer == ["SUCCESS", ours]
