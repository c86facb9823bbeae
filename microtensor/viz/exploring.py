"""How is a graph explored? On a page of its own: opened, stepped through, edited, searched.

The page is one file, with nothing from elsewhere: it works from a disk, offline, and inside a
notebook. Its own programs lie in ``explorer/``; this file puts them together with a graph.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import os
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..files import write_whole
from .capture import captured
from .collecting import collector_waiting
from .coloring import own_colors
from .columns import columns, script_json
from .snapshots import Snapshot
from .squeezing import squeezed
from .theme import clean, one_of

_PARTS = Path(__file__).parent / "explorer"
_SCRIPTS = (
    "data", "calculus", "modules", "layout", "drawing", "equations", "panel", "arrays", "saving",
    "controls",
)  # fmt: skip


class Explorer:
    """A page that shows a graph; a notebook shows it in place.

    Attributes
    ----------
    taken : Snapshot
        What it shows.
    html : str
        The page.
    """

    def __init__(self, taken: Snapshot, html: str, title: str) -> None:
        self.taken, self.html, self.title = taken, html, title

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, and give its path."""
        return write_whole(path, self.html.encode())

    def open(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, and show it in the browser."""
        webbrowser.open(self.save(path).resolve().as_uri())

    def _repr_html_(self) -> str:
        # A frame of its own for each page: two in one notebook do not meet, and scripts in it
        # cannot reach the notebook.
        return (
            f'<iframe title="{html.escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            'style="width:100%;height:640px;box-sizing:border-box;border:1px solid #8884;'
            'border-radius:8px" '
            f'srcdoc="{html.escape(self.html)}"></iframe>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def __str__(self) -> str:
        return self.taken.to_text()

    def __repr__(self) -> str:
        return f"<Explorer of {len(self.taken.nodes):,} values, {len(self.html):,} characters>"


def explore(
    value: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    open: bool = False,
    budget: int = 400,
    title: str | None = None,
    names: Mapping[str, Any] | None = None,
    theme: str = "auto",
    colors: Mapping[Any, Any] | None = None,
) -> Explorer:
    """Make a page on which a graph is opened, stepped through, edited and searched.

    Parameters
    ----------
    value : Value
        The output, such as a loss. ``backward`` need not have been called, and is not.
    path : path, optional
        Where to write the page, one HTML file that needs nothing else.
    open : bool, default False
        Whether to show the file in the browser; needs ``path``.
    budget : int, default 400
        How many boxes to show at first, at most: modules beyond are closed, and values without
        modules are put in boxes by the order in which they were computed.
    title : str, optional
        What the page is headed with; the output's name if not given.
    names : mapping of str to Value or array, optional
        Names for what has none, such as ``locals()``.
    theme : {"auto", "light", "dark"}
        The colours to begin with; "auto" follows the system.
    colors : mapping of Value or str to float or str, optional
        What to colour values by: a number or a word for some of them, by themselves or by name.

    Returns
    -------
    Explorer
        Shows itself in a notebook.

    Raises
    ------
    ArgumentError
        If ``value`` is no Value, ``budget`` is less than 1, ``open`` comes without ``path``, or
        ``colors`` has something that is not in the graph.
    GraphTooLargeError
        If there are more than 200,000 values.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0, name="x")
    >>> page = explore(x * x)
    >>> print(page)
    × x·x (output)   data 9   grad 1
      x (input)   data 3   grad 6
      ↑ x
    >>> page.html[:15]
    '<!doctype html>'
    """
    return _page(
        value, path, open=open, budget=budget, title=title, names=names, theme=theme, quiz=False,
        colors=colors,
    )  # fmt: skip


def quiz(
    value: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    open: bool = False,
    budget: int = 400,
    title: str | None = None,
    names: Mapping[str, Any] | None = None,
    theme: str = "auto",
) -> Explorer:
    """Make the page of `explore` with its gradients blank, to be filled in and checked.

    Parameters
    ----------
    value : Value
        The output, such as a loss.
    path, open, budget, title, names, theme
        As `explore` takes them.

    Returns
    -------
    Explorer

    Raises
    ------
    ArgumentError
        As `explore` does, and if the output is not one number.

    Examples
    --------
    >>> import microtensor as mt
    >>> w, x = mt.Value(3.0, name="w"), mt.Value(2.0, name="x")
    >>> quiz(w * x).title
    'What are the gradients?'
    """
    return _page(
        value, path, open=open, budget=budget, title=title or "What are the gradients?",
        names=names, theme=theme, quiz=True, colors=None,
    )  # fmt: skip


def _page(
    value: Any, path: Any, *, open: bool, budget: int, title: Any, names: Any, theme: str,
    quiz: bool, colors: Any,
) -> Explorer:  # fmt: skip
    asked = "quiz" if quiz else "explore"
    one_of(asked, "theme", theme, ("auto", "light", "dark"))
    if not isinstance(budget, int) or budget < 1:
        raise ArgumentError(
            f"{asked}: budget is how many boxes to show.", expected="at least 1", got=repr(budget)
        )
    if open and path is None:
        raise ArgumentError(
            f"{asked}: there is no file to open.", expected="a path", got="path=None, open=True"
        )
    taken, ids = captured(value, names=names, formulas="general")
    root = taken.node(taken.root)
    if quiz and (root.grad is None or not root.is_scalar):
        raise ArgumentError(
            "quiz: there are no gradients to ask for.",
            expected="an output that is one number, and depends on a Value that wants gradients",
            got="a stale graph" if taken.state == "stale" else f"shape {root.shape}",
        )
    title = clean(title or root.name or "Computation graph")
    with collector_waiting():
        found, functions = columns(taken, budget)
    if colors:
        found |= own_colors(colors, taken, ids)
    found |= {"title": title, "budget": budget, "quiz": quiz, "theme": theme}
    page = Explorer(taken, _written(title, script_json(found), functions), title)
    if open:
        page.open(path)
    elif path is not None:
        page.save(path)
    return page


def _written(title: str, data: str, functions: str) -> str:
    """Put the page together; its policy names the one script and the one style it may run."""
    body, style, program = _parts()
    script = f'"use strict";(() => {{\nconst TWINS = {functions};\n{program}\n}})();\n'
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}"
        f'<script type="application/json" id="graph">{data}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


@functools.cache
def _parts() -> tuple[str, str, str]:
    """Read what every page has: its elements, its style, and its program without the graph's."""
    read = {path.name: path.read_text(encoding="utf-8") for path in _PARTS.iterdir()}
    program = "".join(read[f"{name}.js"] for name in _SCRIPTS)
    return read["body.html"], read["explorer.css"], squeezed(program)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
