"""A headless browser that lays out pages and says what came out."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip

# A frame is as wide as we say, whereas a headless window has a least width. `srcdoc` keeps it of one origin.
_HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="measured"></pre>
<script type="application/json" id="pages">%s</script>
<script>
const pages = JSON.parse(document.getElementById("pages").textContent);
const frames = pages.map(page => {
  const frame = document.createElement("iframe");
  frame.style = `border: 0; height: 900px; width: ${page.width}px`;
  frame.srcdoc = page.html;
  document.body.append(frame);
  return frame;
});
const box = element => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { left, right, top, bottom, text: element.textContent };
};
function measure(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, all = query => [...page.querySelectorAll(query)];
  const shown = query => all(query).filter(each => each.checkVisibility() && each.getBoundingClientRect().height > 0);
  const folded = all("details").filter(each => !each.open).length;
  const failures = shown("article.failure").map(each => each.innerText);
  const lanes = shown(".lane").map(box), threads = shown(".thread").map(box), calls = shown(".call").map(box);
  const chosen = Object.fromEntries(all("input[name=show]").map(button => {
    button.checked = true;
    return [button.id, { rules: shown(".rule").map(each => each.className), areas: shown(".area").length }];
  }));
  all("#show-all").forEach(button => { button.checked = true; });
  all("details").forEach(each => { each.open = true; });
  const width = page.documentElement.clientWidth;
  const free = all("body *").filter(each => !each.closest(".scroll, .heard, thead") || each.matches(".scroll"));
  const name = each => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 60)}`;
  const outside = free.filter(each => each.getBoundingClientRect().right > width + 0.5).map(name);
  const spilling = all("body *").filter(each => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1
    && !each.matches(".scroll, .heard, .scroll code, thead, thead *")
    && !(each.matches(".lanes, .cells, .cells *"))).map(name);
  return {
    width, scrolls: page.documentElement.scrollWidth, outside, spilling, failures, lanes, threads, calls, folded,
    chosen,
    loaded: view.performance.getEntriesByType("resource").map(each => each.name),
    active: all("script, img, iframe, object, embed, link, form").length,
  };
}
window.onload = () => {
  document.getElementById("measured").textContent = JSON.stringify(frames.map(measure));
};
</script>
"""


def browser() -> str:
    """The browser's path; skips where there is none."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"none of {', '.join(NAMES)} is on PATH")


def measure(pages: list[tuple[str, int]], folder: Path) -> list[dict[str, Any]]:
    """Lay out pages, each at a width in CSS pixels, and measure them."""
    described = json.dumps([{"html": page, "width": width} for page, width in pages]).replace("</", "<\\/")
    harness = folder / "harness.html"
    harness.write_text(_HARNESS % described.replace("<!--", "<\\u0021--"), "utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser(), *QUIET, profile, "--window-size=1400,1000", "--dump-dom", harness.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    found = re.search(r'<pre id="measured">(.+?)</pre>', ended.stdout, re.DOTALL)
    assert found, f"the browser measured nothing (exit code {ended.returncode}):\n{ended.stderr[-2000:]}"
    measured: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return measured
