"""The suite without its command: `conformance.check` on whatever makes brokers, and `pytest --omni-target`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import conformance
import fast_impl
import spec_model
from conformance.targets import Unusable
from tests.conformance.test_command import ONE_SHORT

ONLY = ("PSH", "POP-2", "LIF-3", "BRK-1")
SEQUENTIAL = ("threads", "signals", "concurrent-use")


@pytest.mark.slow
def test_a_factory_of_brokers_is_checked() -> None:
    """Its objects' types are found out from what it makes; what it lacks is not provided."""
    report = conformance.check(fast_impl.MailboxBroker, without=SEQUENTIAL, only=ONLY)
    assert report.holds
    assert report.verdict("PSH-2") == "holds"
    assert "conveniences" in report.not_provided


def test_the_one_broker_of_a_process_is_checked_under_names_of_its_own() -> None:
    """Channels that are there already stay as they are, also one called as a check's; nothing is left behind."""
    broker = fast_impl.MailboxBroker()
    _, mine = broker.request_channel("a", fast_impl.ChannelConfig(8, 64))
    assert mine is not None
    assert mine.producer.try_push(b"mine")
    report = conformance.check(lambda: broker, without=("brokers", *SEQUENTIAL), only=("BRK", "LIF", "SHD", "PSH-2"))
    assert report.holds
    assert (report.verdict("BRK-11"), report.verdict("BRK-8")) == ("holds", "holds")
    assert {"brokers", "memory-limit"} < set(report.not_provided)
    outcomes = {check.id: check.outcome for check in report.checks}
    assert outcomes["BRK-1/one-broker-for-the-process"] == "not provided"
    assert broker.get_stats().active_channels == 1
    assert mine.consumer.is_connected() and mine.consumer.receive(0) == b"mine"
    mine.close()


def test_a_factory_without_a_memory_limit_lacks_it() -> None:
    """A callable that takes no memory_limit is not asked for one."""
    report = conformance.check(lambda: spec_model.MailboxBroker(), without=SEQUENTIAL, only=("BRK",))
    assert "memory-limit" in report.not_provided
    assert report.verdict("BRK-3") == "holds"


def test_a_broken_one_raises_with_the_report() -> None:
    """The error names the rule, and has everything that was found."""

    class Producer(spec_model.ProducerHandle):
        def try_push(self, data: Any) -> spec_model.PushResult:
            full = self.available_slots() == 1
            return spec_model.PushResult.QUEUE_FULL if full else super().try_push(data)

    class Broker(spec_model.MailboxBroker):
        def request_channel(self, *arguments: Any) -> Any:
            error, pair = super().request_channel(*arguments)
            if pair is not None:
                pair.producer.__class__ = Producer
            return error, pair

    with pytest.raises(conformance.NotConforming, match="PSH-2") as caught:
        conformance.check(Broker, without=SEQUENTIAL, only=("PSH-2",))
    assert caught.value.report.verdict("PSH-2") == "broken"
    assert caught.value.report.failures[0].python


def test_a_maker_that_makes_no_channels_is_unusable() -> None:
    """The error says what it answered."""
    with pytest.raises(Unusable, match="ALLOCATION_FAILED"):
        conformance.check(lambda: spec_model.MailboxBroker(memory_limit=1))
    with pytest.raises(Unusable, match="no such feature: wings"):
        conformance.check(spec_model.MailboxBroker, without=("wings",))


def test_a_full_channel_of_its_own_is_used() -> None:
    """Checks that need a full queue take the one that make_full_channel makes."""
    made = 0

    def make_full() -> tuple[Any, Any]:
        nonlocal made
        made += 1
        broker = fast_impl.MailboxBroker()
        _, pair = broker.request_channel("full", fast_impl.ChannelConfig(8, 64))
        assert pair is not None
        assert pair.producer.batch_push([b"x"] * 8) == 8
        return broker, pair

    report = conformance.check(
        fast_impl.MailboxBroker, make_full, without=("concurrent-use",), only=("PSH-4/blocking-push-keeps-its-time",)
    )
    assert report.holds
    assert made == 1


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    if "omnimailbox" not in _plugins():
        command += ["-p", "conformance.omnimailbox_pytest"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False)


def _shadow(folder: Path) -> None:
    """Packages by the names of what the suite imports, each of which ends whatever imports it."""
    for name in ("conformance", "spec_model", "fast_impl", "flatbuffers", "hypothesis", "cffi"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('imported from the current folder')\n")


def _plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.name for point in entry_points(group="pytest11")}


@pytest.mark.slow
def test_every_check_is_a_test_and_k_chooses(tmp_path: Path) -> None:
    """-k takes ids, and what the target lacks is skipped with the reason."""
    done = _pytest(tmp_path, "--omni-target", "spec_model", "-k", "PSH-2 or CON-2", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not provided: concurrent-use" in done.stdout
    assert "passed" in done.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("handles_in_python")
def test_a_failure_names_the_rule_and_shows_the_program(tmp_path: Path) -> None:
    """One test fails; xfails and skips are taken by id; one that matches nothing is a usage error."""
    (tmp_path / "one_short.py").write_text(ONE_SHORT)
    run = ["--omni-target", "one_short", "-k", "exactly-capacity-fit and not after and not by and not at"]
    done = _pytest(tmp_path, *run)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "import one_short as omni" in done.stdout
    ids = tmp_path / "ids.txt"
    ids.write_text("PSH-2/exactly-capacity-fit # known\n")
    assert "1 xfailed" in _pytest(tmp_path, *run, "--omni-xfails", "ids.txt").stdout
    assert "1 skipped" in _pytest(tmp_path, *run, "--omni-skips", "ids.txt").stdout
    ids.write_text("PSH-2/no-such-check\n")
    wrong = _pytest(tmp_path, *run, "--omni-xfails", "ids.txt")
    assert wrong.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no check is called 'PSH-2/no-such-check'" in wrong.stdout + wrong.stderr


def test_a_target_that_cannot_be_loaded_ends_the_run(tmp_path: Path) -> None:
    """Not a failure per check, but one message."""
    done = _pytest(tmp_path, "--omni-target", "no_such_module")
    assert done.returncode != 0
    assert "cannot import 'no_such_module'" in done.stdout + done.stderr


def test_without_the_option_the_plugin_does_nothing(tmp_path: Path) -> None:
    """A project's own tests are what they were."""
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_package_of_the_projects_own_by_the_suites_name_is_undisturbed(tmp_path: Path) -> None:
    """The plugin imports none of the suite; with a target, it says what hides the suite."""
    (tmp_path / "conformance").mkdir()
    (tmp_path / "conformance" / "__init__.py").write_text("mine = 1\n")
    (tmp_path / "test_own.py").write_text("import conformance\ndef test_own(): assert conformance.mine\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    command += ["--omni-target", "spec_model"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "a package of that name in this project hides it" in done.stdout + done.stderr


def test_the_command_takes_only_the_target_from_the_current_folder(tmp_path: Path) -> None:
    """Packages there by the names of what the suite needs are not imported, in no process; the target is."""
    _shadow(tmp_path)
    (tmp_path / "mine.py").write_text("from helper_of_mine import *\n")
    (tmp_path / "helper_of_mine.py").write_text("from spec_model import *\n")
    start = "import sys; from conformance.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-P", "-c", start, "run", "--target", "mine", "--only", "PSH-2", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine keeps every rule checked" in done.stdout
