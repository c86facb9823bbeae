"""Pages that are written when the site is built."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a page, unless it stands there already: what did not change is not read anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
