"""What all tests share: the implementations under test, and a limit on every test's time."""

from __future__ import annotations

import faulthandler
import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from conformance.targets import c_library
from tests.workers import run_together

if library := os.environ.get("OMNI_TEST_LIBRARY"):
    c_library.load(library)  # from here on `import fast_impl` gives its Python names over that library

IMPLEMENTATIONS = ("spec_model", "fast_impl")
"""Same names, same signatures, same behaviour: one test body runs on each."""

SAMPLE = os.environ.get("OMNI_SAMPLE", "")
"""Any text: of the slow tests some run; with another text, others. CI gives the commit."""
EVERY = 20
"""One in so many of them, unless the marker has another number: `slow(every=1)` always runs."""

TIME_LIMIT = 60.0
"""Seconds until a test that hangs ends the run with the stack of every thread."""

# Taken while this file is imported: later, a test's own standard error is captured.
_stderr = os.dup(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With SAMPLE, some of the tests that are marked slow."""
    left_out = [
        item for item in items
        if SAMPLE and (slow := item.get_closest_marker("slow"))
        and random.Random(f"{SAMPLE} {item.nodeid}").randrange(slow.kwargs.get("every", EVERY))
    ]  # fmt: skip
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _a_hang_is_a_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where pytest-timeout is not there to do it, end a run that hangs, and say where it hung."""
    if request.config.pluginmanager.hasplugin("timeout"):
        yield
        return
    faulthandler.dump_traceback_later(TIME_LIMIT, exit=True, file=_stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(params=IMPLEMENTATIONS)
def omni(request: pytest.FixtureRequest) -> ModuleType:
    """Each implementation in turn."""
    return importlib.import_module(request.param)


@pytest.fixture
def fast() -> ModuleType:
    """The implementation that real threads may use; the model is sequential."""
    return importlib.import_module("fast_impl")


@pytest.fixture
def broker(omni: ModuleType) -> Any:
    """A broker of the test's own [BRK-1]."""
    return omni.MailboxBroker()


@pytest.fixture
def channel(omni: ModuleType, broker: Any) -> Any:
    """A channel for eight messages of up to 64 bytes."""
    error, pair = broker.request_channel("channel", omni.ChannelConfig(capacity=8, max_message_size=64))
    assert error is omni.ChannelError.SUCCESS
    return pair


@pytest.fixture
def together(omni: ModuleType) -> Callable[..., None]:
    """Runs functions at the same time in threads, or one after the other where the model is under test."""

    def in_order(*parts: Callable[[], object]) -> None:
        for part in parts:
            part()

    return in_order if omni.__name__ == "spec_model" else run_together
