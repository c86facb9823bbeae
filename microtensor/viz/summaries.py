"""What is in a model? `summary`: its modules as a table, with what they hold, give and learn."""

from __future__ import annotations

import html as escaping
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import tables, terminals
from ..amounts import count_word, size_word
from ..errors import ArgumentError
from ..graph import Model
from ..tables import Cell, Column
from .briefly import moments
from .modules_seen import Row, Seen, seen
from .sparks import sparkline
from .theme import MISSING, short

_COLUMNS = {
    "shape": Column("shape", "output", leaves=7),
    "params": Column("params", "params", right=True, leaves=8),
    "trainable": Column("trainable", "trained", right=True, leaves=4),
    "mode": Column("mode", "mode", leaves=3),
    "memory": Column("memory", "memory", right=True, leaves=1),
    "flops": Column("flops", "FLOPs", right=True, leaves=2),
    "data": Column("data", "data  μ ± σ", leaves=5),
    "grad": Column("grad", "grad  μ ± σ", leaves=6),
    "health": Column("health", "health"),
}
_NOTE = "data and grad are the parameters', or the output's where a module has none"


class Summary:
    """A table of a model's modules. ``print`` it, or let a notebook show it.

    Attributes
    ----------
    rows : list of Row
        One per module, with plain numbers.
    parameters, trainable : int
        How many numbers the model has, and how many of them are trained; shared ones once.
    parameter_bytes, activation_bytes : int
        Memory of the parameters, and of all that one forward pass kept.
    flops : int or None
        Operations of one forward pass; None without inputs.
    loss, grad_norm : float or None
        The loss, and the norm of all parameters' gradients.
    """

    def __init__(
        self, found: Seen, cols: tuple[str, ...], width: Any, color: Any, ascii: bool | None
    ) -> None:
        self._found, self._cols = found, cols
        self._width, self._color, self._ascii = width, color, ascii
        self.rows = found.rows
        self.parameters, self.trainable = found.parameters, found.trainable
        self.parameter_bytes, self.activation_bytes = found.parameter_bytes, found.activation_bytes
        self.flops, self.loss, self.grad_norm = found.flops, found.loss, found.grad_norm

    def to_text(
        self, width: int | None = None, *, color: bool | None = None, ascii: bool | None = None
    ) -> str:
        """Write the table for a terminal of so many columns.

        What is not given is found out from standard output: its width, whether it is a terminal
        that shows colours (and ``NO_COLOR`` is not set), and whether it can write more than ASCII.
        """
        width = width or (self._width if self._width != "auto" else terminals.width())
        if color is None:
            color = terminals.shows_color() if self._color == "auto" else bool(self._color)
        if ascii is None:
            ascii = terminals.is_ascii() if self._ascii is None else self._ascii
        head = tables.wrapped(self._headline(), width, ascii)
        columns = [Column("module", "module"), *(_COLUMNS[c] for c in self._cols)]
        rows = [self._cells(row) for row in self.rows]
        body = tables.table(columns, rows, width, color=color, ascii=ascii)
        note = textwrap.wrap(_NOTE, width) if self._has_numbers() else []
        return "\n".join([*head, body, *note])

    def to_html(self) -> str:
        """Write it as an HTML table, which follows the page's colours."""
        columns = [Column("module", "module"), *(_COLUMNS[c] for c in self._cols)]
        head = "".join(f"<th>{escaping.escape(c.title)}</th>" for c in columns)
        body = []
        for row in self.rows:
            cells = self._cells(row)
            body.append("<tr>" + "".join(_html_cell(c, cells[c.key]) for c in columns) + "</tr>")
        title = " · ".join(map(escaping.escape, self._headline()))
        note = f"<p><small>{_NOTE}</small></p>" if self._has_numbers() else ""
        return (
            f'<div class="microtensor-summary"><p>{title}</p><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(body)}</tbody></table>{note}</div>"
        )

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.to_html()

    # What is written

    def _has_numbers(self) -> bool:
        return any(row.shape and not row.own for row in self.rows) and "data" in self._cols

    def _headline(self) -> list[str]:
        found = self._found
        trained = "" if self.trainable == self.parameters else f" ({self.trainable:,} trained)"
        parts = [
            found.title,
            f"{self.parameters:,} parameter{'s' * (self.parameters != 1)}{trained}",
            size_word(self.parameter_bytes),
        ]
        if len({row.mode for row in self.rows}) == 1:
            parts.append(self.rows[0].mode)
        if found.inputs:
            parts.append(f"{found.inputs} → {found.output}")
        if self.flops is not None:
            parts.append(f"{count_word(self.flops)}FLOPs forward")
            parts.append(f"{size_word(self.activation_bytes)} of activations")
        if self.loss is not None:
            parts.append(f"loss {short(self.loss, 5)}")
        if self.grad_norm is not None:
            parts.append(f"‖∇‖ {short(self.grad_norm)}")
        return parts

    def _cells(self, row: Row) -> dict[str, Cell]:
        style = {"!": "warn", "✗": "error"}.get(row.health[:1], "")
        return {
            "module": Cell("  " * (row.depth - 1) + row.label),
            "shape": Cell(row.shape or MISSING),
            "params": Cell(f"{row.params:,}" if row.params else ("shared" * row.shared or MISSING)),
            "trainable": Cell(f"{row.trainable:,}" if row.params else MISSING),
            "mode": Cell(row.mode),
            "memory": Cell(MISSING if row.memory is None else size_word(row.memory)),
            "flops": Cell(MISSING if row.flops is None else count_word(row.flops).strip()),
            "data": _spread(row.data),
            "grad": _spread(row.grad),
            "health": Cell(row.health or MISSING, None, style),
        }


def summary(
    model: Any,
    *inputs: Any,
    depth: int = 3,
    cols: Iterable[str] | None = None,
    width: int | str = "auto",
    color: bool | str = "auto",
    ascii: bool | None = None,
    loss: Callable[[Any], Any] | None = None,
) -> Summary:
    """Tell what is in a model: a row for each module, and totals above.

    With inputs, the model is called once, and everything is put back as it was: modes, gradients,
    running moments, random generators. Without any, what can be known without a call is shown.

    Parameters
    ----------
    model : Model
    *inputs : array_like
        What to call it with.
    depth : int, default 3
        How deep modules are listed; what is deeper counts to the module around it.
    cols : iterable of str, optional
        Of "shape", "params", "trainable", "mode", "memory", "flops", "data", "grad", "health"; by
        itself those that tell something, "memory" and "flops" aside.
    width : int or "auto"
        Of the terminal, in characters; narrow tables leave columns out and never wrap.
    color : bool or "auto"
        By itself in a terminal, unless ``NO_COLOR`` is set.
    ascii : bool, optional
        Whether to write ASCII alone; by itself where the output knows nothing else.
    loss : callable, optional
        Makes one number of the output, as in ``lambda y: losses.mse(y, target)``: gradients are
        then computed on the side. Without it, those that the parameters hold are shown.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        If the model is none, a column is not known, an option does not fit, or the loss is not one
        number.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> from microtensor import losses, nn
    >>> net = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))
    >>> x = np.random.default_rng(0).standard_normal((6, 2))
    >>> summary(net, x, width=80, loss=lambda y: losses.mse(y, x[:, :1]))
    Sequential · 17 parameters · 68 B · train · 6×2 → 6×1 · 198 FLOPs forward
    216 B of activations · loss 1.3705 · ‖∇‖ 1.92
    module          output  params  data  μ ± σ    grad  μ ± σ    health
    ───────────────────────────────────────────────────────────────────────────
    0  Linear(2→4)  6×4         12   0.04 ± 0.48    0.04 ± 0.22   ok
    1  ReLU         6×4          —   0.35 ± 0.51   −4e−3 ± 0.14   ! 1 of 4 dead
    2  Linear(4→1)  6×1          5   0.07 ± 0.33   −0.03 ± 0.79   ok
    data and grad are the parameters', or the output's where a module has none
    """
    if not isinstance(model, Model):
        raise ArgumentError(
            "summary: only a model has modules.",
            expected="a module, such as nn.MLP(2, [4, 1])",
            got=f"a {type(model).__name__}",
            hint="For a Value's graph: mt.draw, mt.explain or viz.health.",
        )
    _check_options(depth, width, color, inputs, loss)
    found = seen(model, inputs, depth, loss)
    return Summary(found, _chosen(cols, found), width, color, ascii)


def _check_options(depth: Any, width: Any, color: Any, inputs: tuple, loss: Any) -> None:
    for name, given, low, word in (("depth", depth, 0, None), ("width", width, 24, "auto")):
        whole = isinstance(given, int) and not isinstance(given, bool) and given >= low
        if not whole and (word is None or given != word):
            raise ArgumentError(
                f"summary: {name} does not fit.",
                expected=f"a whole number of at least {low}" + (f', or "{word}"' if word else ""),
                got=repr(given),
            )
    if color not in (True, False, "auto"):
        raise ArgumentError(
            "summary: color does not fit.", expected='True, False or "auto"', got=repr(color)
        )
    if loss is not None and not inputs:
        raise ArgumentError(
            "summary: a loss needs an output to be made of.",
            expected="inputs to call the model with, as in summary(model, x, loss=...)",
            got="no inputs",
        )


def _chosen(cols: Iterable[str] | None, found: Seen) -> tuple[str, ...]:
    if cols is not None:
        chosen = (cols,) if isinstance(cols, str) else tuple(cols)
        if unknown := [c for c in chosen if c not in _COLUMNS]:
            raise ArgumentError(
                f"summary: there is no column {unknown[0]!r}.",
                expected="some of " + ", ".join(_COLUMNS),
                got=repr(chosen),
            )
        return chosen
    told = {
        "shape": found.inputs != "",
        "params": True,
        "trainable": found.trainable != found.parameters,
        "mode": len({row.mode for row in found.rows}) > 1,
        "data": True,
        "grad": any(row.grad is not None for row in found.rows),
        "health": True,
    }
    return tuple(c for c, tells in told.items() if tells)


# Words


def _spread(x: Any) -> Cell:
    if x is None or not np.size(x):
        return Cell(MISSING)
    mean, spread = moments(x)
    pair = f"{two(mean):>5} ± {two(spread)}"
    return Cell(f"{pair:<13}", lambda bins: sparkline(x, bins))


def two(x: float) -> str:
    """Write a number with two decimals, or with a power of ten where these would not show it.

    >>> two(-0.9), two(12.345), two(0.00012), two(0.0), two(float("nan"))
    ('−0.90', '12.35', '1e−4', '0', 'nan')
    """
    if x == 0 or not np.isfinite(x):
        return short(x)
    if 0.01 <= abs(x) < 1000:
        return f"{x:.{2 if abs(x) < 100 else 1}f}".replace("-", "−")
    mantissa, exponent = f"{x:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def _html_cell(column: Column, cell: Cell) -> str:
    text = cell.text.strip() if column.key != "module" else cell.text
    shown = escaping.escape(text)
    if column.key == "module":
        shown = shown.replace("  ", "&#160;&#160;&#160;")
    if cell.spark is not None:
        shown += f" <code>{cell.spark(8)}</code>"
    align = "right" if column.right else "left"
    if cell.style:
        shown = f"<strong>{shown}</strong>"
    return f'<td style="text-align:{align};white-space:nowrap">{shown}</td>'


# The terminal
