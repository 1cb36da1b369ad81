"""The command that proves the core with CBMC: what it says where it cannot."""

from __future__ import annotations

import pytest

from tests.native.prove import PROOFS, main

pytestmark = pytest.mark.once


def test_without_cbmc_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every proof is skipped by name, counted, and nothing fails."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "-- skipped: buffers: no cbmc, goto-cc, goto-instrument on the PATH (Debian: cbmc)" in printed
    assert f"0 clean, 0 failed, {len(PROOFS)} skipped" in printed


def test_a_proof_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists those that there are."""
    with pytest.raises(SystemExit):
        main(["--only", "push"])
    assert "no proof is called push; there are requests, buffers, pool: take" in capsys.readouterr().err
