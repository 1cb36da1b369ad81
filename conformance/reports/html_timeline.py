"""A timeline on the page: a lane per thread."""

from __future__ import annotations

from conformance.reports.html_words import breakable
from conformance.reports.markup import Markup, tag
from conformance.reports.timeline import Placed, Timeline, answer, label


def lanes(shown: Timeline) -> Markup:
    """A lane per thread, side by side; time runs down, and a call is as high as it lasted."""
    columns = f"auto repeat({len(shown.threads)}, minmax(5.5rem, 1fr))"
    rows = f"auto repeat({len(shown.moments)}, minmax(1.1rem, auto))"
    parts = [tag("span", "time", class_="moment", style="grid-area: 1 / 1", aria_hidden="true")]
    for number, thread in enumerate(shown.threads, 2):
        parts.append(tag("span", class_="lane", style=f"grid-area: 1 / {number} / -1", aria_hidden="true"))
        parts.append(tag("b", thread, class_="thread", style=f"grid-area: 1 / {number}", aria_hidden="true"))
    for number, moment in enumerate(shown.moments, 2):
        parts.append(tag("span", label(moment), class_="moment", style=f"grid-area: {number} / 1", aria_hidden="true"))
    parts += map(_call, shown.placed)
    left_out = f" {shown.omitted:,} calls further away are left out." if shown.omitted else ""
    caption = f"A lane per thread; time runs down, and a box lasts as long as its call was under way.{left_out}"
    grid = tag("div", *parts, class_="lanes", role="list", style=f"grid-template: {rows} / {columns}")
    return tag(
        "figure",
        tag("figcaption", caption),
        tag("div", grid, class_="scroll", tabindex="0", role="region", aria_label="Timeline"),
        class_="timeline",
    )


def _call(placed: Placed) -> Markup:
    call, lane, first, last = placed
    state = " wrong" if call.wrong else "" if call.returned else " open"
    return tag(
        "div",
        tag("span", f"{call.thread}: ", class_="heard"),
        breakable(call.call),
        tag(
            "div",
            tag("span", "→ ", breakable(answer(call)), class_="answer"),
            tag("b", call.wrong) if call.wrong else None,
        ),
        class_=f"call{state}",
        role="listitem",
        style=f"grid-area: {first + 2} / {lane + 2} / {last + 3}",
    )
