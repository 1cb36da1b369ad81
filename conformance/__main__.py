"""`python -m conformance` is the command `omni-conformance`."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> int:
    """Run the command; 2 where Hypothesis, which only it needs, is not installed."""
    if find_spec("hypothesis") is None:
        print('omni-conformance needs Hypothesis: pip install "omnimailbox[conformance]"', file=sys.stderr)
        return 2
    from conformance import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
