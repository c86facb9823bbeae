"""What stands above a network's picture? Its name, and how its lines and circles are read."""

from __future__ import annotations

from .drawing import Drawing
from .theme import TEXTBOOK, Theme, html

_LETTERS = 15  # to an inch


def caption(
    drawing: Drawing,
    name: str,
    widths: list[int],
    colors: Theme,
    by: str,
    title: str | None,
    answered: bool,
    across: float,
) -> None:
    """Write the caption of a network's picture, in lines that are no wider than its columns.

    Parameters
    ----------
    drawing : Drawing
        What to write to; it has its circles and lines already.
    name : str
        The model's.
    widths : list of int
        How many neurons each layer has, the inputs first.
    colors : Theme
    by : {"value", "gradient"}
        What a line's width tells.
    title : str or None
        Stands in place of the name and the widths.
    answered : bool
        Whether circles show activations.
    across : float
        From the first column to the last, in inches.
    """
    what = "weight" if by == "value" else "gradient"
    signs = "green positive · purple negative"
    if colors is TEXTBOOK:
        signs = "inputs red · weights gold, dashed where negative · biases green"
    hints = [*signs.split(" · "), f"the wider, the larger the {what}"]
    inside = ["its activation"] if answered else []
    if any("bias" in line for line in drawing.body):
        inside.append("its bias")
        inside += ["its gradient"] if any("∂" in line for line in drawing.body) else []
    if inside:
        rest, last = ", ".join(inside[:-1]), inside[-1]
        hints.append(f"in each neuron: {f'{rest}, and {last}' if rest else last}")
    lines = "".join(
        f'<FONT POINT-SIZE="10" COLOR="{colors.muted}">{html(line)}</FONT><BR ALIGN="LEFT"/>'
        for line in _wrapped(hints, round((across + 1) * _LETTERS))
    )
    head = html(title or f"{name} {' → '.join(map(str, widths))}")
    drawing.graph_attr.update(
        label=f'<<FONT POINT-SIZE="15" COLOR="{colors.ink}"><B>{head}</B></FONT><BR ALIGN="LEFT"/>'
        f'{lines}<FONT POINT-SIZE="10">&#160;</FONT><BR ALIGN="LEFT"/>>',
        labelloc="t",
        labeljust="l",
    )


def _wrapped(hints: list[str], letters: int) -> list[str]:
    """Put hints into lines of about so many letters, so that they make no picture wider."""
    lines = hints[:1]
    for hint in hints[1:]:
        if len(lines[-1]) + len(hint) <= letters:
            lines[-1] += f" · {hint}"
        else:
            lines.append(hint)
    return lines
