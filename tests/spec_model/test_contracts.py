"""The contracts in the model's docstrings hold in every state that CrossHair can find in its time."""

from __future__ import annotations

import pytest

from tests.spec_model.contracts import ROOT, SECONDS, check, functions_with_contracts

pytest.importorskip("crosshair", reason="CrossHair runs on CPython only")

pytestmark = [pytest.mark.timeout(300), pytest.mark.once]

MODULES = (
    "spec_model.config", "spec_model.registry", "spec_model.channel.lifecycle", "spec_model.channel.popping",
    "spec_model.channel.pushing", "spec_model.channel.reserving", "spec_model.channel.queries",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_contract_is_met_and_none_is_vacuous(module: str) -> None:
    """No counterexample, no error, and a state that meets the precondition for every function with a contract."""
    functions = functions_with_contracts(ROOT / f"{module.replace('.', '/')}.py")
    assert functions, f"{module} has no contract"
    verdict = check(module)
    assert verdict.exit_code == 0, verdict.output
    for name, lines in functions.items():
        found = [text for line, text in verdict.lines.items() if line in lines]
        assert found, f"CrossHair did not check {module}.{name}:\n{verdict.output}"
        for text in found:
            if "Unable to meet precondition" in text:  # a slow machine: once more, with more time
                text = check(f"{module}.{name}", seconds=10 * SECONDS).output
            assert "onfirmed" in text, f"{module}.{name}: {text}"


def test_every_operation_has_a_contract() -> None:
    """Every module with operations is checked, and every operation in it that changes a state is."""
    sources = [ROOT / "spec_model/config.py", ROOT / "spec_model/registry.py"]
    sources += sorted((ROOT / "spec_model/channel").glob("*.py"))
    with_contracts = {source for source in sources if functions_with_contracts(source)}
    assert with_contracts == {ROOT / f"{module.replace('.', '/')}.py" for module in MODULES}
