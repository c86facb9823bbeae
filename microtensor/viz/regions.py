"""What does a model answer, and where does it change its mind? Inputs of two numbers, as a map."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ShapeError
from ..graph import Model, no_grad
from . import canvas
from .theme import LIGHT
from .trials import unchanged

_ROWS = 4096  # of a batch
_COLORS = (
    LIGHT.forward, LIGHT.output[1], LIGHT.param[1], LIGHT.heat[-1], LIGHT.backward, LIGHT.heat[0],
)  # fmt: skip


def decision_boundary(
    model: Any,
    X: Any,
    y: Any,
    *,
    names: Sequence[str] = ("x₁", "x₂"),
    classes: Sequence[str] | None = None,
    threshold: float | None = None,
    title: str | None = None,
    steps: int = 240,
) -> Any:
    """Draw which class a model gives to each point of the plane, with the data upon it.

    The deeper the colour, the surer the model; the line is where it changes its mind. Nothing of
    the model is changed, and it is asked in ``eval`` mode.

    Parameters
    ----------
    model : model or callable
        Takes (N, 2) arrays; gives a score for each row, (N,) or (N, 1), or one for each class,
        (N, K).
    X : (N, 2) array_like
    y : (N,) or (N, 1) array_like
        The true classes: 0 ... K-1, or for two classes also -1 and 1.
    names : two of str
        What the two numbers are.
    classes : sequence of str, optional
        What the classes are called.
    threshold : float, optional
        From which score on it is the second class. By itself 0.5 if all scores lie in 0 ... 1 and
        0 else.
    title : str, optional
        The accuracy by itself.
    steps : int, default 240
        Points along each axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the inputs are not of two numbers, or the labels or outputs do not fit them.
    DependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [0.2, 0.1]])
    >>> figure = decision_boundary(lambda x: x.sum(axis=1) - 1, X, [0, 1, 0])
    >>> figure.axes[0].get_title(loc="left")
    'accuracy 100 %'
    """
    X, y = np.asarray(plain(X), dtype=float), np.ravel(plain(y))
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y) or not len(X):
        raise ShapeError(
            "decision_boundary: the map is of inputs of two numbers.",
            expected="X of shape (N, 2), and N labels",
            got=f"X of shape {X.shape}, and {len(y)} labels",
            hint="For more features, choose two of them, and fix the others in a function.",
        )
    kinds = np.unique(y)
    margin = 0.12 * np.maximum(np.ptp(X, axis=0), 1e-12)
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    first, second = (np.linspace(low[i], high[i], steps) for i in (0, 1))
    points = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
    scores, own = _scores(model, points), _scores(model, X)
    figure = canvas.figure(5.2, 4.6)
    axes = figure.subplots()
    if scores.shape[1] == 1:
        if threshold is None:
            every = np.concatenate([scores, own])
            threshold = 0.5 if every.min() >= 0 and every.max() <= 1 else 0.0
        kinds = kinds if len(kinds) == 2 else np.array([0, 1])
        answers = kinds[(own[:, 0] > threshold).astype(int)]
        _two(axes, first, second, (scores[:, 0] - threshold).reshape(steps, steps))
    else:
        kinds = np.arange(scores.shape[1])
        answers = own.argmax(axis=1)
        _several(axes, first, second, scores.reshape(steps, steps, -1))
    _points(axes, X, y, kinds, classes)
    share = 100 * np.mean(answers == y)
    canvas.tidy(axes, title=title or f"accuracy {share:.3g} %", x=names[0], y=names[1], grid=False)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    canvas.keep(axes)
    return figure


def _scores(model: Any, points: np.ndarray) -> np.ndarray:
    """Ask the model for all points, without leaving a trace; (N, 1) or (N, K)."""
    found = []
    is_model = isinstance(model, Model)
    with unchanged(model) if is_model else contextlib.nullcontext(), no_grad():
        if is_model:
            for _, module in model.named_modules():
                module.training = False
        for start in range(0, len(points), _ROWS):
            part = points[start : start + _ROWS]
            scores = np.asarray(plain(model(part)), dtype=float)
            if scores.ndim not in (1, 2) or len(scores) != len(part):
                raise ShapeError(
                    "decision_boundary: the model must give scores for each row.",
                    expected=f"shape ({len(part)},), ({len(part)}, 1) or ({len(part)}, K)",
                    got=f"shape {scores.shape}",
                )
            found.append(scores.reshape(len(part), -1))
    return np.concatenate(found)


def _two(axes: Any, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
    """Colour both sides by how far the score is from the threshold, and draw the line between."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    tints = [tuple(0.45 + 0.55 * np.array(to_rgb(_COLORS[i]))) for i in (0, 1)]
    ramp = LinearSegmentedColormap.from_list("two", [tints[0], LIGHT.page, tints[1]])
    size = float(np.quantile(np.abs(z), 0.95)) or 1.0
    axes.imshow(
        z, cmap=ramp, vmin=-size, vmax=size, extent=(x[0], x[-1], y[0], y[-1]), origin="lower",
        aspect="auto", interpolation="bilinear",
    )  # fmt: skip
    if z.min() < 0 < z.max():
        axes.contour(x, y, z, levels=[0.0], colors=LIGHT.ink, linewidths=1.8)


def _several(axes: Any, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
    """Colour each point by its class, deeper where the score is further above the next one."""
    from matplotlib.colors import to_rgb

    best = z.argmax(axis=-1)
    two = np.sort(z, axis=-1)[..., -2:]
    lead = two[..., 1] - two[..., 0]
    depth = 0.12 + 0.4 * np.clip(lead / (np.quantile(lead, 0.95) or 1.0), 0, 1)
    colors = np.array([to_rgb(_color(i)) for i in range(z.shape[-1])])[best]
    tints = 1 - depth[..., None] * (1 - colors)
    extent = (x[0], x[-1], y[0], y[-1])
    axes.imshow(tints, extent=extent, origin="lower", aspect="auto", interpolation="nearest")
    for kind in range(z.shape[-1]):
        others = np.delete(z, kind, axis=-1).max(axis=-1)
        gap = z[..., kind] - others
        if gap.min() < 0 < gap.max():
            axes.contour(x, y, gap, levels=[0.0], colors=LIGHT.ink, linewidths=1.2)


def _color(kind: int) -> str:
    return _COLORS[kind % len(_COLORS)]


def _points(axes: Any, X: np.ndarray, y: np.ndarray, kinds: np.ndarray, classes: Any) -> None:
    for i, kind in enumerate(kinds):
        mine = y == kind
        if mine.any():
            word = classes[i] if classes is not None and i < len(classes) else f"{kind:g}"
            axes.scatter(
                *X[mine].T, s=26, color=_color(i), edgecolors=LIGHT.page, linewidths=0.7,
                marker=canvas.MARKERS[i % len(canvas.MARKERS)], label=word, zorder=3,
            )  # fmt: skip
    axes.legend(
        loc="upper right", fontsize=9, frameon=True, framealpha=0.9, edgecolor=LIGHT.cluster_line,
        handletextpad=0.3,
    )  # fmt: skip
