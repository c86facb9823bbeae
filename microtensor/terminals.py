"""What can the terminal show? How wide it is, and whether it knows colours and more than ASCII."""

from __future__ import annotations

import os
import shutil
import sys


def width() -> int:
    return max(24, shutil.get_terminal_size((80, 24)).columns)


def shows_color() -> bool:
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
