"""Each chapter of the course as a notebook.

    python docs/notebooks.py [FOLDER] [--run]

writes them, by default to docs/_notebooks; ``--run`` executes each as well, and fails where a cell
does. The site offers them on the chapters' pages.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "_ext"))

from cells import Cell, cells  # noqa: E402  # the site's own splitter of pages

CHAPTERS = sorted((DOCS / "course").glob("[0-9]*.md"))
FOLDER = DOCS / "_notebooks"
NEEDS = """\
*A chapter of microtensor's course. It needs microtensor with its pictures
(`pip install 'microtensor[demo]'`, or `pip install -e '.[demo]'` in a checkout).*
"""
OPEN, CLOSE = re.compile(r"<details>\s*<summary>(.*?)</summary>", flags=re.S), "</details>"
MARK = re.compile(r"(<details>\s*<summary>.*?</summary>|</details>)", flags=re.S)


def notebook(page: str) -> dict[str, Any]:
    """A page as a notebook: its prose, and its Python blocks as cells that were not run.

    What stands in ``<details>`` stays hidden: prose in the same element, code as a folded cell.
    """
    made, inside = [_prose(NEEDS)], ""
    for cell in cells(page):
        if cell.is_code:
            made.append(_code(cell, hidden=bool(inside)))
            continue
        text, inside = folded(_for_notebooks(cell.text), inside)
        if text.strip():
            made.append(_prose(text))
    for k, entry in enumerate(made):
        entry["id"] = f"cell-{k}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def _prose(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip("\n")}


def _code(cell: Cell, *, hidden: bool) -> dict[str, Any]:
    fold = {"jupyter": {"source_hidden": True}} if hidden else {}
    source = cell.text.rstrip("\n")
    return {
        "cell_type": "code", "metadata": fold, "source": source, "outputs": [],
        "execution_count": None,
    }  # fmt: skip


def folded(text: str, summary: str) -> tuple[str, str]:
    """Put what stands in ``<details>`` into elements of its own; give the summary left open.

    A cell of code that follows may belong to it, which no element of HTML can reach over.
    """
    pieces, told = [], False
    for piece in MARK.split(text):
        if opened := OPEN.fullmatch(piece):
            summary, told = opened[1], False
        elif piece == CLOSE:
            summary = ""
        elif piece.strip() and summary:
            head = f"<details><summary>{summary}</summary>"
            pieces.append(f"{head}\n\n{piece.strip()}\n\n{CLOSE}")
            told = True
        elif piece.strip():
            pieces.append(piece.strip())
    if summary and not told:
        pieces.append(f"*{summary}: in the folded cell below.*")
    return "\n\n".join(pieces), summary


def _for_notebooks(text: str) -> str:
    """Prose without what only the site understands: its links and roles become words and code."""
    text = re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)
    return re.sub(r"\{py:\w+\}`~?([^`<]+)(?: <[^>]*>)?`", r"`\1`", text)


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the notebook of each chapter, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chapter in CHAPTERS:
        path = folder / f"{chapter.stem}.ipynb"
        text = json.dumps(notebook(chapter.read_text(encoding="utf-8")), indent=1) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def run(path: Path) -> Any:
    """Execute a notebook in a folder of its own; an error of a cell is an error here."""
    import nbclient
    import nbformat

    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    with tempfile.TemporaryDirectory() as folder:
        client = nbclient.NotebookClient(book, timeout=300, kernel_name="python3")
        return client.execute(cwd=folder)


def main(arguments: list[str]) -> int:
    places = [Path(a) for a in arguments if not a.startswith("--")]
    paths = write(*places)
    if "--run" in arguments:
        with ThreadPoolExecutor(2) as pool:
            for path, _ in zip(paths, pool.map(run, paths), strict=True):
                print(f"{path.name}: every cell ran")
    print(f"{len(paths)} notebooks in {places[0] if places else FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
