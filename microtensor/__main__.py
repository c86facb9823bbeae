"""``python -m microtensor`` is the `microtensor` command."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
