"""What can the terminal show? How wide it is, and whether it knows colours and more than ASCII."""

from __future__ import annotations

import os
import shutil
import sys


def width() -> int:
    """Give the columns of the terminal, at least 24; 80 where there is none."""
    return max(24, shutil.get_terminal_size((80, 24)).columns)


def shows_color() -> bool:
    """Tell whether standard output is a terminal with colours, and nobody declined them."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def is_ascii() -> bool:
    """Tell whether standard output cannot write the lines and bars of the table."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "│±μσ▁█✗‖∇".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False
