"""What are the inputs and the neurons of a network called? Words beside its circles.

Those of inputs stand left of them, those of outputs right, and those between above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ArgumentError
from .theme import Theme, clean, html, quoted

Labels = Sequence[Sequence[str] | None]

_LONGEST = 24  # letters
_LETTER = 0.072  # inches, of one in bold


def checked(labels: Labels | None, widths: list[int]) -> list[list[str] | None]:
    """Give the names of each column's circles, or None where they have none.

    Parameters
    ----------
    labels : sequence of (sequence of str or None), or None
        One for the inputs, and one for each layer.
    widths : list of int
        How many circles each column has.

    Raises
    ------
    ArgumentError
        If there are too many or too few.
    """
    if labels is None:
        return [None] * len(widths)
    lists = not isinstance(labels, str) and all(c is None or not isinstance(c, str) for c in labels)
    columns = [None if c is None else [*c] for c in labels] if lists else []
    counts = [None if c is None else len(c) for c in columns]
    fits = len(counts) == len(widths) and all(
        count in (None, width) for count, width in zip(counts, widths, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, widths))
        raise ArgumentError(
            "draw: labels must name the inputs and the neurons of each layer.",
            expected=f"{len(widths)} lists of {wanted} names; None in place of one leaves it out",
            got=f"{len(counts)} of {', '.join(map(str, counts))}" if lists else repr(labels),
        )
    return [None if c is None else [clean(name, _LONGEST) for name in c] for c in columns]


def beside(
    column: Sequence[Any], names: list[str] | None, side: str, radius: float, colors: Theme
) -> list[str]:
    """Write the names of a column's circles, in DOT.

    Parameters
    ----------
    column : sequence of Neuron
        Those that are shown.
    names : list of str or None
        Of all, by their indices.
    side : {"left", "above", "right"}
    radius : float
        Of a circle, in inches.
    colors : Theme
    """
    out = []
    for neuron in column if names else ():
        assert names is not None
        name = names[neuron.index]
        aside = radius + 0.06 + len(name) * _LETTER / 2
        x = neuron.x + {"left": -aside, "above": 0.0, "right": aside}[side]
        y = neuron.y + (radius + 0.09 if side == "above" else 0.0)
        out.append(
            f'\t{neuron.id}_name [id="{neuron.id}_name" shape=plain pos="{x:.3f},{y:.3f}!" '
            f"tooltip={quoted(name)} "
            f'label=<<FONT POINT-SIZE="10" COLOR="{colors.ink}"><B>{html(name)}</B></FONT>>]\n'
        )
    return out
