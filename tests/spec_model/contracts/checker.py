"""`python -m tests.spec_model.contracts.checker`: `crosshair` that knows the states to start from."""

from __future__ import annotations

from crosshair.main import main

import tests.spec_model.contracts.states  # noqa: F401 - registers them

if __name__ == "__main__":
    main()
