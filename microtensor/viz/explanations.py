"""Where do the numbers come from? Both passes told step by step, or one gradient derived."""

from __future__ import annotations

import html as escaping
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..files import write_whole
from ..graph import Node as Recorded
from .capture import captured, sought
from .derivations import derivation
from .modular import count_steps, modular
from .nudging import CheckTable, nudge
from .passes import refuse_changed
from .pathways import numbers_only
from .pieces import Piece, words
from .telling import Line, Teller
from .theme import number, one_of

_FORMATS = ("text", "markdown", "latex", "html")
_SUFFIXES = {".txt": "text", ".md": "markdown", ".tex": "latex", ".html": "html"}


class Explanation:
    """Lines that tell a graph. ``print`` it, show it in a notebook, or ``save`` it.

    Attributes
    ----------
    lines : list of Line
    fmt : str
        How ``str`` writes it: "text", "markdown", "latex" or "html".
    check : CheckTable or None
        The nudge test of the derivation, where one number was asked for.
    """

    def __init__(self, title: str, lines: list[Line], fmt: str, check: CheckTable | None) -> None:
        self.title, self.lines, self.fmt, self.check = title, lines, fmt, check

    def __str__(self) -> str:
        return {
            "text": self.to_text, "markdown": self.to_markdown, "latex": self.to_latex,
            "html": self.to_html,
        }[self.fmt]()  # fmt: skip

    __repr__ = __str__

    def to_text(self) -> str:
        """Write it as plain text with the signs of mathematics."""
        found: list[str] = []
        for line in self.lines:
            told = line.said.text
            if line.kind == "heading":
                found += [""] * bool(found) + [told]
            elif line.place is not None:
                note = f"     ({line.note.text})" if line.note.text else ""
                found.append(f"{line.place:4}. {told}{note}")
            else:
                found.append(f"  {told}")
        return "\n".join(found)

    def to_markdown(self) -> str:
        """Write it as Markdown with LaTeX between dollar signs."""
        found = []
        for line in self.lines:
            if line.kind == "heading":
                found.append(f"\n## {_markdown(line.said)}\n")
            elif line.place is not None:
                note = f" ({_markdown(line.note)})" if line.note.text else ""
                found.append(f"{line.place}. {_markdown(line.said)}{note}")
            elif line.kind == "equation":
                found.append(f"\n$$ {line.said.latex} $$\n")
            else:
                found.append(f"\n{_markdown(line.said)}\n")
        return "\n".join(found).strip().replace("\n\n\n", "\n\n") + "\n"

    def to_latex(self) -> str:
        """Write it as LaTeX, to be put into a document that loads amsmath."""
        found: list[str] = []
        listed = False
        for line in self.lines:
            is_step = line.place is not None
            if is_step != listed:
                found.append(r"\begin{enumerate}" if is_step else r"\end{enumerate}")
                listed = is_step
            if line.kind == "heading":
                found.append(rf"\subsection*{{${line.said.latex}$}}")
            elif is_step:
                note = rf" $\quad ({line.note.latex})$" if line.note.text else ""
                found.append(rf"\item ${line.said.latex}${note}")
            elif line.kind == "equation":
                found.append(rf"\[ {line.said.latex} \]")
            else:
                found.append(f"${line.said.latex}$\n")
        if listed:
            found.append(r"\end{enumerate}")
        return "\n".join(found) + "\n"

    def to_html(self) -> str:
        """Write it as a page of its own, readable on a phone and in the dark; it runs no script."""
        return _PAGE.format(title=escaping.escape(self.title), body=self._body())

    def _body(self) -> str:
        found: list[str] = []
        listed = False
        for line in self.lines:
            is_step = line.place is not None
            if is_step != listed:
                found.append("<ol>" if is_step else "</ol>")
                listed = is_step
            told = escaping.escape(line.said.text)
            if line.kind == "heading":
                found.append(f"<h2>{told}</h2>")
            elif is_step:
                note = f" <small>({escaping.escape(line.note.text)})</small>"
                found.append(f"<li>{told}{note if line.note.text else ''}</li>")
            else:
                found.append(f"<p class={line.kind!r}>{told}</p>")
        return "\n".join([*found, "</ol>"] if listed else found)

    def _repr_html_(self) -> str:
        return f'<div class="microtensor-explanation">{self._body()}</div>'

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def save(self, path: str | Path) -> Path:
        """Write it to a file in the format of its suffix: .txt, .md, .tex or .html.

        Raises
        ------
        ArgumentError
            If the suffix is another.
        """
        fmt = _SUFFIXES.get(Path(path).suffix.lower())
        if fmt is None:
            raise ArgumentError(
                "save: the suffix says how an explanation is written.",
                expected=", ".join(_SUFFIXES),
                got=repr(Path(path).suffix),
            )
        content = str(Explanation(self.title, self.lines, fmt, self.check))
        return write_whole(path, (content.rstrip("\n") + "\n").encode())


def explain(
    root: Any,
    *,
    wrt: Any = None,
    fmt: str = "text",
    digits: int = 4,
    max_steps: int = 200,
    lr: float | None = None,
    names: Mapping[str, Any] | None = None,
    gradients: bool = True,
) -> Explanation:
    """Tell where the numbers of a graph come from.

    Without ``wrt``, both passes step by step; with it, the derivation of that one gradient: the
    chain of derivatives in symbols, as formulas and as numbers, for every path, with a nudge test
    beside it. The formulas are read off the rules themselves.

    Parameters
    ----------
    root : Value
        The output, such as a loss. ``backward`` need not have been called.
    wrt : Value or str, optional
        The value whose gradient is derived, or its name. In a graph of arrays the backward pass is
        told, as far as it leads to this value.
    fmt : {"text", "markdown", "latex", "html"}
        How it is written.
    digits : int, default 4
        Decimals of the numbers.
    max_steps : int, default 200
        With more steps than this, the modules are told in place of the steps.
    lr : float, optional
        The learning rate, for a line that shows the update in numbers.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.
    gradients : bool, default True
        Whether to tell the backward pass. False tells the forward pass alone.

    Returns
    -------
    Explanation

    Raises
    ------
    ArgumentError
        If ``root`` is no Value, the output does not depend on ``wrt``, the format is unknown, or
        a gradient is asked for without gradients.
    StaleValueError
        If a leaf was changed after it had been used.

    References
    ----------
    .. [1] M. Mazur, *A Step by Step Backpropagation Example* (2015).

    Examples
    --------
    >>> import microtensor as mt
    >>> x, w = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w")
    >>> y = mt.tanh(x * w + 6.5)
    >>> y.name = "y"
    >>> explain(y)
    Forward pass
       1. t1 = x·w = 2·(−3) = −6
       2. t2 = t1 + 6.5 = (−6) + 6.5 = 0.5
       3. y = tanh(t2) = tanh(0.5) = 0.4621
    <BLANKLINE>
    Backward pass: ∂y/∂v for every v
       1. Seed: ∂y/∂y = 1
       2. ∂y/∂t2 = ∂y/∂y × ∂y/∂t2 = 1 × [1 − y² = 0.7864] = 0.7864
       3. ∂y/∂t1 = ∂y/∂t2 × ∂t2/∂t1 = 0.7864 × 1 = 0.7864
       4. ∂y/∂x = ∂y/∂t1 × ∂t1/∂x = 0.7864 × [w = −3] = −2.3593
       5. ∂y/∂w = ∂y/∂t1 × ∂t1/∂w = 0.7864 × [x = 2] = 1.5729
    >>> explain(y, wrt=w)
    The derivative of y by w
      ∂y/∂w = (1 − y²)·x
            = 1.5729
      w ← w − η·∂y/∂w
      nudge test: (y(w + h) − y(w − h))/2h = 1.5729 ✓
    """
    one_of("explain", "fmt", fmt, _FORMATS)
    if wrt is not None and not gradients:
        raise ArgumentError(
            "explain: wrt= asks for a gradient, and gradients=False for none.",
            expected="one of the two",
            got="both",
        )
    taken, ids = captured(root, names=names, formulas=True, gradients=gradients)
    if taken.state == "stale":
        refuse_changed("explain", root)
    teller = Teller(taken, digits)
    title = f"How {teller.root} came about"
    if wrt is None:
        lines = modular(teller, max_steps) if count_steps(taken) > max_steps else teller.lines()
        return Explanation(title, lines, fmt, None)
    wrt = sought(wrt, taken, ids)
    if not taken.is_scalar and isinstance(wrt, Recorded) and wrt in ids:
        return Explanation(title, teller.lines(only=ids[wrt]), fmt, None)
    leaf = numbers_only("explain", taken, ids, wrt)
    lines = derivation(teller, leaf, lr)
    check = None
    if wrt.fn is None:
        check = nudge(root, wrt, names=names)
        lines.append(_nudge_line(teller, leaf, check))
    return Explanation(title, lines, fmt, check)


def _nudge_line(teller: Teller, leaf: str, check: CheckTable) -> Line:
    """Say what a small nudge shows, beside the derivation."""
    name, root = teller.labels[leaf], teller.root
    (row,) = check
    verdict = "✓" if row.passed else "✗ differs"
    slope = number(row.slope, teller.digits)
    told = f"nudge test: ({root}({name} + h) − {root}({name} − h))/2h = {slope} {verdict}"
    return Line("words", words(told))


def _markdown(piece: Piece) -> str:
    return f"$ {piece.latex} $"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1B2430; --muted: #5F6B7A; --page: #FFFFFF; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #E8EDF3; --muted: #9AA7B5; --page: #0D1218; }}
}}
body {{ font: 16px/1.6 Arial, Helvetica, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; }}
ol {{ padding-left: 2.5rem; font-variant-numeric: tabular-nums; }}
small {{ color: var(--muted); font-size: .9em; }}
p.equation {{ white-space: pre-wrap; font-variant-numeric: tabular-nums; margin: .25rem 0; }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""
