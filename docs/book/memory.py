"""Makes what docs/memory.md plays: a file for each row of the table of necessity that fails a client, and an index.

They are kept in build/, as long as nothing changes that they follow from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from conformance.exploration.clients.catalogue import FULL
from conformance.exploration.clients.client import HERE, Client, digest, library, notation, sources
from conformance.exploration.clients.every import generated
from conformance.exploration.clients.weaken import WITHOUT, Weakening, every_weakening, functions, weakened_text
from conformance.exploration.order_mutation import FILE, Row, mismatches, read
from docs.book import executions, switched
from docs.book.executions import Collector, as_value
from docs.book.switched import core_with_all, every_execution

FOLDER = Path(__file__).resolve().parents[2] / "build" / "executions"
SERVED = "executions"
"""Where they are in the book, beside its pages."""
BETWEEN = 5.0
"""Seconds from one line of progress to the next."""


class Job(NamedTuple):
    """A client, and the rows that it fails, each with its number."""

    client: Client
    rows: tuple[tuple[int, Row], ...]


def slug(row: Row) -> str:
    """Names a row in an address, as long as its key stays."""
    again = f" {row.times}" if row.times > 1 else ""
    access = re.sub(r"(?<![\w)])-(?=\w)", " minus ", row.access.removeprefix("platform_"))
    text = f"{row.file} {row.function} {access}{again} {row.weaker}"
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def jobs() -> list[Job]:
    """All rows that fail a client, by client, those first that take longest."""
    by_name = {client.name: client for client in FULL}
    rows = defaultdict(list)
    for number, row in enumerate(read().rows, 1):
        if row.client:
            rows[row.client].append((number, row))
    found = []
    for name, each in rows.items():
        client = by_name.get(name) or generated(name)
        if client is None:
            raise ValueError(f"the table of necessity has a client that there is not: {name!r}")
        found.append(Job(client, tuple(each)))
    return sorted(found, key=lambda job: -sum(len(thread) for thread in job.client.threads) * len(job.rows))


# ---- one client ----


@cache
def _lines(name: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Of a file of the core, or of the harness: its lines, and the line and name of each function."""
    text = next((path.read_text() for path in (sources() / name, HERE / name) if path.exists()), "")
    return text.splitlines(), [(text.count("\n", 0, at) + 1, function) for at, function in functions(text)]


def _site(file: str, line: int) -> tuple[str, str]:
    """The function that the line is in, and what it says without its comment."""
    lines, begun = _lines(file)
    function = next((name for start, name in reversed(begun) if start <= line), "")
    return function, re.sub(r"/\*.*?(\*/|$)", "", lines[line - 1]).rstrip("\\ ").strip() if lines else ""


def _orders(weakening: Weakening) -> dict[str, str]:
    """What the core has in place of the weakened order, by the kind of the step."""
    order, text = weakening.access.order, weakening.access.text
    if weakening.access.operation == "fence":
        return {"fence": {"light": "light", "heavy": "heavy", "full": "seq_cst"}[text[:-2].rpartition("_")[2]]}
    reads = {"release": "relaxed", "acq_rel": "acquire"}.get(order, order)
    writes = {"acquire": "relaxed", "acq_rel": "release"}.get(order, order)
    return {"read": reads, "fetch": reads, "write": writes, "update": writes}


def make(job: Job, core: Path, folder: Path) -> list[dict[str, Any]]:
    """Write the file of each row, and give what the index says of it, with the sites of its steps.

    ValueError for a row that does not fail so.
    """
    every, collected = every_weakening(sources()), Collector(len(job.client.threads))
    every_execution(job.client, core, collected.take)
    index, before = [], {(*step.site, step.order) for step in collected.placed()}
    for number, row in job.rows:
        weakening = every[number - 1]
        collected.begin()
        every_execution(job.client, core, collected.take, number)
        instead, placed = _orders(weakening), collected.placed()
        taken = {step for shape in collected.shapes for thread in shape.threads for step in thread}
        changed = {
            placed[step].site: instead.get(placed[step].kind, placed[step].order)
            for step in taken
            if (*placed[step].site, placed[step].order) not in before
        }
        failing = [sum(shape.failed) for shape in collected.shapes if shape.failure == row.failure]
        if not failing:
            raise ValueError(f"{row.key}: {row.client!r} does not end in {row.failure!r}; make necessity")
        says = {**_about(number, row, weakening, job.client), "steps": min(failing)}
        value = as_value(job.client, collected, core, changed)
        _write(folder / f"{says['slug']}.json", value)
        accessed = re.findall(r"(\w+\.[ch]):(\d+)", " ".join(end[1] for end in value["ends"]))
        says["sites"] = {*value["sites"], *((file, int(line)) for file, line in accessed)}
        index.append(says)
    return index


def _about(number: int, row: Row, weakening: Weakening, client: Client) -> dict[str, Any]:
    source = (sources() / row.file).read_text()
    setup = {"setup": notation(client.setup)} if client.setup else {}
    handler = {"handler": notation(client.handler)} if client.handler else {}
    return {
        "slug": slug(row),
        "number": number,
        "file": row.file,
        "line": source.count("\n", 0, weakening.access.start) + 1,
        "function": row.function,
        "access": row.access,
        "weaker": row.weaker,
        "changed": "" if row.weaker == WITHOUT else weakened_text(weakening, row.access),
        "failure": row.failure,
        "client": client.name,
        "capacity": client.capacity,
        "threads": [notation(thread) for thread in client.threads],
        **setup,
        **handler,
    }


# ---- all of them ----


def build(folder: Path = FOLDER) -> Path:
    """The folder of the files, made where they are not those of today's core, clients, table and code."""
    today = hashlib.sha256(digest().encode())
    for each in (FILE, Path(__file__), Path(executions.__file__), Path(switched.__file__)):
        today.update(each.read_bytes())
    stamp, made = folder / "of", folder / "rows"
    if stamp.exists() and stamp.read_text() == today.hexdigest():
        return made
    if wrong := mismatches(read(), [each.key for each in every_weakening(sources())]):
        raise SphinxError(f"docs/necessity.md is of another core ({wrong[0]}); make necessity writes it")
    shutil.rmtree(folder, ignore_errors=True)
    made.mkdir(parents=True)
    core = core_with_all(folder)
    _say("compiling the core with every weakening in it")
    library(True, core)
    names = [slug(row) for job in jobs() for _, row in job.rows]
    if len(set(names)) < len(names):
        raise ValueError(f"rows with the same name: {sorted(name for name in names if names.count(name) > 1)}")
    rows = sorted(_all(jobs(), core, made), key=lambda each: int(each["number"]))
    sites = sorted({site for row in rows for site in row.pop("sites")})
    texts = {f"{file}:{line}": _site(file, line) for file, line in sites}
    _write(made / "index.json", {"rows": rows, "sites": texts})
    stamp.write_text(today.hexdigest())
    return made


def _all(todo: Sequence[Job], core: Path, made: Path) -> list[dict[str, Any]]:
    index, said = [], time.monotonic()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(make, job, core, made) for job in todo]
        for count, done in enumerate(as_completed(waiting), 1):
            index += done.result()
            if time.monotonic() - said > BETWEEN:
                said = time.monotonic()
                _say(f"explored {count} of {len(todo)} clients with the weakenings that they fail")
    return index


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")


def _say(what: str) -> None:
    print(f"executions: {what}", file=sys.stderr, flush=True)


def _make(app: Sphinx) -> None:
    if app.builder.format == "html":
        build()


def _offer(app: Sphinx, name: str, content: list[str]) -> None:
    """In the book, each row of docs/necessity.md that can be played has a link to where it is."""
    if name != "necessity":
        return
    names = {number: slug(row) for number, row in enumerate(read().rows, 1) if row.client}

    def link(row: re.Match[str]) -> str:
        found = names.get(int(row[1]))
        return f'{row[0]} <a href="memory.html#row={found}">play it</a>' if found else row[0]

    content[0] = re.sub(r"^\| (\d+) \|.*(?= \|$)", link, content[0], flags=re.MULTILINE)


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        shutil.rmtree(Path(app.outdir) / SERVED, ignore_errors=True)
        shutil.copytree(FOLDER / "rows", Path(app.outdir) / SERVED)


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("builder-inited", _make)
    app.connect("source-read", _offer)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
