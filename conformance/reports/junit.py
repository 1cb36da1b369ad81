"""The report as JUnit XML: a test case per check, for a continuous integration server to show."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from conformance.reports.document import NOT_JUDGED, Document, gaps, length, start, undecided
from conformance.reports.text import beside, block, folded, line, table, timeline, value, visible
from conformance.results import BAD


def render(document: Document) -> str:
    """A suite whose cases are the checks, by layer; what was never reached is a case of its own."""
    suite = ET.Element("testsuite", name=visible(f"omni-conformance {document['target']}"))
    _properties(document, suite)
    for check in document["checks"]:
        _case(document, check, suite)
    known = {check["id"] for check in document["checks"]}
    for failure in document["failures"]:
        if failure["check"] not in known:
            _ended(_test(suite, "other", failure["check"]), "failure", failure["kind"], failure["seen"], [failure])
    for gap in gaps(document):
        _ended(_test(suite, "coverage", gap), "failure", "coverage", gap, [])
    counts = {
        "tests": "testcase",
        "failures": "testcase/failure",
        "errors": "testcase/error",
        "skipped": "testcase/skipped",
    }
    for name, path in counts.items():
        suite.set(name, str(len(suite.findall(path))))
    suite.set("time", f"{document['seconds']:.3f}")
    root = ET.Element("testsuites", {key: each for key, each in suite.attrib.items() if key != "skipped"})
    root.append(suite)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _properties(document: Document, suite: ET.Element) -> None:
    named = {key: document[key] for key in ("target", "profile", "reference", "verdict", "operations")}
    named |= document["environment"] | document["figures"]
    named |= {f"start here {number}": each for number, each in enumerate(start(document), 1)}
    named |= {f"undecided {rule}": why for rule, why in undecided(document)}
    properties = ET.SubElement(suite, "properties")
    for name, each in named.items():
        ET.SubElement(properties, "property", name=line(name), value=line(value(each)))


def _test(suite: ET.Element, layer: str, identity: str, seconds: float = 0.0) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=line(layer), name=line(identity), time=f"{seconds:.3f}")


def _case(document: Document, check: dict[str, Any], suite: ET.Element) -> None:
    case = _test(suite, check["layer"], check["id"], check["seconds"])
    found = [failure for failure in document["failures"] if failure["check"] == check["id"]]
    found.sort(key=length)
    outcome = check["outcome"]
    if outcome in NOT_JUDGED:
        ET.SubElement(case, "skipped", type=outcome, message=line(check["reason"] or outcome))
    elif outcome in BAD or found:
        seen = found[0]["seen"] if found else check["reason"] or outcome
        # As in other tools: a failure is the target's answer, an error is that there was none.
        element = "error" if outcome in ("crashed", "hung", "error") else "failure"
        _ended(case, element, outcome, seen, found)


def _ended(case: ET.Element, element: str, kind: str, seen: str, failures: list[dict[str, Any]]) -> None:
    bad = ET.SubElement(case, element, type=line(kind), message=line(seen, 400))
    bad.text = "\n\n".join(map(_text, failures)) or block(seen)


def _text(failure: dict[str, Any]) -> str:
    shown = timeline(failure)
    parts = [f"{line(failure['rule'])}: {block(failure['seen'])}"]
    parts.append(f"seen with {line(failure['cause'])}, which may explain it" if failure["cause"] else "")
    program = block(failure["python"] or folded(failure["program"]))
    program += f"\n\nbeside the model: {visible(failure['link'])}" if failure.get("link") else ""
    parts += [program, table(shown) if shown else ""]
    parts.append("\n".join(f"{line(name)}: {block(value(each))}" for name, each in beside(failure).items()))
    return "\n\n".join(part for part in parts if part)
