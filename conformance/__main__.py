"""`python -m conformance` is the command `omni-conformance`."""

import sys

from conformance.cli import main

sys.exit(main())
