"""`python -m localku`: the same as `localku`, by the very interpreter that one names."""

from __future__ import annotations

import sys

from localku.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
