"""An execution that speaks against the core: as text, in the failure file of the whole suite, and run again from it."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from conformance.exploration.clients.build import library
from conformance.exploration.clients.client import Client, client, notation
from conformance.exploration.clients.job import Job
from conformance.exploration.clients.verdict import Verdict
from conformance.exploration.explorer import Result
from conformance.exploration.trace import decisions, replay_string, source_lines, table, worded
from conformance.failure import Failure
from conformance.targets import DEFAULT

_RULES = {"lost wakeup": "CON-5", "freed memory": "LIF-8", "data race": "CON-3", "assertion": "CON-3"}
"""What each kind of failure breaks. A race is a torn message in the making."""


class NotThere(ValueError):
    """The core has no such execution."""


def rule_of(given: Client, kind: str) -> str:
    """The rule that a failure of this kind breaks, with this client."""
    if kind != "forbidden":
        return _RULES.get(kind, "CON-3")
    kinds = {operation.kind for thread in given.threads for operation in thread}
    if "shutdown" in kinds:
        return "SHD-1"
    return "CON-4" if "close_producer" in kinds else "CON-3"


def told(job: Job, result: Result) -> str:
    """The failing execution: what each thread runs, and a column per thread with source lines where they are known."""
    threads = [f"thread {number}: {notation(each)}" for number, each in enumerate(job.client.threads)]
    if job.client.setup:
        threads.insert(0, f"before: {notation(job.client.setup)}")
    return "\n".join([*threads, "", table(result, _lines(job, result))])


def _lines(job: Job, result: Result) -> dict[str, str]:
    addresses = re.findall(r"0x[0-9a-f]+", " ".join([result.message, *(step.file for step in result.trace)]))
    return source_lines(Path(library(job.asymmetric, job.core)._name), addresses)


def failure(job: Job, verdict: Verdict) -> Failure:
    """As a value to write into a file."""
    given, result = job.client, verdict.result
    kind = result.failure or ""
    rule = rule_of(given, kind)
    return Failure(
        rule,
        f"{rule}/explored-{re.sub('[^a-z0-9]+', '-', given.name.lower()).strip('-')}",
        "exploration",
        worded(verdict.why, _lines(job, result)),
        str(job.core.resolve()) if job.core else DEFAULT,
        details={
            "failure": kind,
            "client": {
                **given._asdict(),
                "threads": [notation(thread) for thread in given.threads],
                "setup": notation(given.setup),
            },
            "asymmetric": job.asymmetric,
            "cxx20": job.cxx20,
            "replay": replay_string(result.path),
            "trace": [asdict(step) for step in result.trace],
            "told": told(job, result),
        },
    )


def job_of(failure: Failure, target: str | None = None) -> tuple[Job, tuple[int, ...]]:
    """What the file says to explore, on the core of `target` or where it failed; ValueError where it says nothing."""
    try:
        details = failure.details
        said = dict(details["client"])
        given = client(said.pop("name"), said.pop("capacity"), *said.pop("threads"), **said)
        path, asymmetric, cxx20 = decisions(details["replay"]), bool(details["asymmetric"]), bool(details["cxx20"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no exploration is in this failure file: {error!r}") from None
    where = target or failure.target
    return Job(given, asymmetric, None if where == DEFAULT else Path(where), cxx20), path


def again(job: Job, path: tuple[int, ...]) -> Result:
    """What is below these decisions; NotThere where the core leaves no such choice."""
    result = job.explore(path)
    misfit = result.failure == "misuse" and "prefix" in result.message
    if misfit or not (result.failure or result.complete or result.blocked):
        raise NotThere(
            f"the core is not the one that failed, and has no such execution: explore {job.client.name!r} anew"
        )
    return result
