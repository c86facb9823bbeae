"""Python blocks of a page become cells: run when the site is built, and kept in its notebooks."""

from __future__ import annotations

import re
from typing import NamedTuple

BLOCK = re.compile(r"^```python\n(.*?)^```\n?", flags=re.S | re.M)
INDENTED = re.compile(r"^[ \t>]+```python\n", flags=re.M)
PRINTED = re.compile(r"\s*([^\n]+\n)*\s*<!-- printed -->\n")  # at most a paragraph before it
HEADER = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"


class Cell(NamedTuple):
    """A piece of a page: prose, or code that is run."""

    is_code: bool
    text: str


def cells(page: str) -> list[Cell]:
    """The prose and the Python blocks of a page of Markdown, in their order.

    A block inside of a list or a quotation would not be seen, and is refused.
    """
    if INDENTED.search(page):
        raise ValueError("a Python block stands at the beginning of its line, or it is not run")
    pieces = BLOCK.split(page)  # prose, code, prose, code, ... prose
    found = [Cell(k % 2 == 1, piece) for k, piece in enumerate(pieces)]
    return [cell for cell in found if cell.text.strip()]


def as_notebook_text(page: str) -> str:
    """The page in the form that MyST-NB runs; one without Python blocks stays as it is.

    What stands under ``<!-- printed -->`` is what the block before it printed, and is shown in the
    place of its output.
    """
    if not any(cell.is_code for cell in cells(page)) or page.startswith("---"):
        return page
    pieces = BLOCK.split(page)
    for k in range(1, len(pieces), 2):
        tags = ":tags: [remove-output]\n\n" if PRINTED.match(pieces[k + 1]) else ""
        pieces[k] = f"```{{code-cell}}\n{tags}{pieces[k]}```\n"
    return HEADER + "".join(pieces)


def setup(app: object) -> dict[str, bool]:
    import notebooks

    def read(_app: object, name: str, source: list[str]) -> None:
        source[0] = as_notebook_text(source[0])
        folder, _, page = name.rpartition("/")
        if folder == "course" and page[0].isdigit():
            source[0] += (
                f"\n{{download}}`This chapter as a notebook <../_notebooks/{page}.ipynb>`\n"
            )

    app.connect("builder-inited", lambda _app: notebooks.write())  # type: ignore[attr-defined]
    app.connect("source-read", read)  # type: ignore[attr-defined]  # Sphinx is no import of ours
    return {"parallel_read_safe": True, "parallel_write_safe": True}
