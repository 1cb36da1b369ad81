"""The process that runs checks: `python -m conformance.workers.worker`, which takes its orders as lines of JSON.

First line in: {"path", "folder", "target", "without", "journal", "stacks", "profile"}. First line out: {"provides",
"lacks", "preamble"}, or {"unusable"}. Then for each {"check", "limit", "seed", "facts", "assumed"} or {"replay":
failure, "limit"} in, perhaps {"found": failure} out, and then {"result", "coverage", "figures", "threads", "failures"};
for {"shrink": program, "querying"} in, {"program"} out.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO


def main() -> None:
    """Serve until there is no more input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the target prints is not an answer
    order = json.loads(sys.stdin.readline())
    sys.path[:] = order["path"]
    stacks = open(order["stacks"], "w")  # noqa: SIM115 - for as long as the process lives
    faulthandler.enable(stacks)
    # Imported only now, because the path says where the suite and the target are.
    from conformance.checks import CHECKS
    from conformance.differential.program import journal, parse
    from conformance.differential.shrink import shrink_ended
    from conformance.execution import again, execute_check
    from conformance.failure import Failure
    from conformance.learned import Fact, Learned
    from conformance.targets import Unusable, load

    journal.write_to(Path(order["journal"]))
    # For the target alone, and last: what lies in the current folder must not hide what the suite needs.
    sys.path += [each for each in [order["folder"]] if each not in sys.path]
    try:
        target = load(order["target"], order["without"])
    except Unusable as unusable:
        _answer(answers, unusable=str(unusable))
        return
    _answer(answers, provides=sorted(target.provides), lacks=dict(target.lacks), preamble=target.preamble)
    checks = {check.id: check for check in CHECKS}
    for line in sys.stdin:
        asked = json.loads(line)
        if "shrink" in asked:
            shorter = shrink_ended(parse("\n".join(asked["shrink"])).operations, target.omni, asked["querying"])
            _answer(answers, program=[operation.render() for operation in shorter])
            continue
        known = Learned((Fact(*fact) for fact in asked.get("facts", ())), asked.get("assumed", ()))
        check = checks[asked["check"]] if "check" in asked else again(Failure.of(asked["replay"]), bool(known.facts))
        stacks.seek(0)
        stacks.truncate()
        # In C, so that also a call that hangs with Python's lock in hand is caught.
        faulthandler.dump_traceback_later(asked["limit"], exit=True, file=stacks)
        result, tally, failures = execute_check(
            check,
            target,
            order["profile"],
            lambda found: _answer(answers, found=found.document()),
            known,
            asked.get("seed"),
        )
        faulthandler.cancel_dump_traceback_later()
        _answer(
            answers,
            result=asdict(result),
            coverage=[[*pair, count] for pair, count in tally.coverage.items()],
            figures=tally.figures,
            threads=threading.active_count() - 1,
            failures=[failure.document() for failure in failures],
        )


def _answer(answers: TextIO, **message: Any) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
    # Threads that a broken target blocks for ever must not keep the process alive.
    os._exit(0)
