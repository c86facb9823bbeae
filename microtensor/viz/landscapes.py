"""How do optimizers go down? A loss over two parameters as a landscape, with their ways upon it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, ShapeError
from ..graph import no_grad
from ..value import Value
from . import canvas
from .theme import LIGHT, one_of, short

# The ways lie on shades of grey-blue: colours that stand out from it, and from each other.
_WAYS = (LIGHT.backward, LIGHT.output[1], LIGHT.heat[-1], LIGHT.forward, LIGHT.param[1])
_GROUND = ("#24415F", "#4F7396", "#86A5C2", "#BFD1E0", "#EAF0F5", "#FFFFFF")


def descend(
    f: Callable[[Any, Any], Any],
    start: Sequence[float],
    optimizer: Callable[[list[Any]], Any],
    *,
    steps: int = 100,
) -> np.ndarray:
    """Let an optimizer go down a function of two parameters, and note where it was.

    Parameters
    ----------
    f : callable
        Takes two Values, and gives one number.
    start : two of float
    optimizer : callable
        Makes an optimizer of a list of parameters: ``lambda p: optim.Adam(p, lr=0.1)``.
    steps : int, default 100

    Returns
    -------
    (steps + 1, 2) ndarray
        The start, and where each step led. It ends early where numbers are no longer finite.

    Raises
    ------
    ShapeError
        If the start is not of two numbers.

    Examples
    --------
    >>> from microtensor import optim
    >>> bowl = lambda x, y: x * x + 4 * y * y
    >>> way = descend(bowl, (1.0, 1.0), lambda p: optim.SGD(p, lr=0.125), steps=2)
    >>> way.tolist()
    [[1.0, 1.0], [0.75, 0.0], [0.5625, 0.0]]
    """
    if np.shape(start) != (2,):
        raise ShapeError(
            "descend: the start must be two numbers.",
            expected="such as (-1.5, 2.0)",
            got=repr(start),
        )
    point = [Value(float(x)) for x in start]
    moving = optimizer(point)
    way = [[float(x) for x in start]]
    for _ in range(steps):
        moving.zero_grad()
        f(*point).backward(leaves_only=True)
        moving.step()
        place = [float(p.data) for p in point]
        if not np.isfinite(place).all():
            break
        way.append(place)
    return np.array(way)


def surface(
    f: Callable[[Any, Any], Any],
    *,
    x: tuple[float, float] = (-2.0, 2.0),
    y: tuple[float, float] = (-2.0, 2.0),
    paths: Mapping[str, Any] | None = None,
    minimum: Sequence[float] | None = None,
    kind: str = "contour",
    names: Sequence[str] = ("w₁", "w₂"),
    title: str | None = None,
    steps: int = 121,
) -> Any:
    """Draw a function of two parameters as a landscape, and the ways of optimizers down it.

    Heights are cut by levels whose distances grow with the height above the lowest point, so that
    narrow valleys are seen.

    Parameters
    ----------
    f : callable
        Takes two numbers, arrays or Values, and gives a number, array or Value.
    x, y : (float, float)
        From where to where the parameters go.
    paths : mapping of str to (N, 2) array_like, optional
        Ways by name, such as `descend` gives them.
    minimum : two of float, optional
        Where the lowest point is, to be marked.
    kind : {"contour", "3d"}
        A map, or a view of the mountains, whose heights are logarithms.
    names : two of str
    title : str, optional
    steps : int, default 121
        Points along each axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If a range is empty, the kind is unknown, or f is finite nowhere.
    ShapeError
        If a way is not made of points of two numbers, or f gives something else than a number.
    DependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> from microtensor import optim
    >>> bowl = lambda x, y: x * x + 4 * y * y
    >>> way = descend(bowl, (1.5, 1.0), lambda p: optim.SGD(p, lr=0.1), steps=20)
    >>> figure = surface(bowl, paths={"SGD": way}, minimum=(0, 0))
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['SGD, 20 steps to 2.99e−4']
    """
    one_of("surface", "kind", kind, ("contour", "3d"))
    for word, (low, high) in (("x", x), ("y", y)):
        if not low < high:
            raise ArgumentError(
                f"surface: the range of {word} is empty.",
                expected="a lower number and a higher one",
                got=repr((low, high)),
            )
    ways = {name: _way(name, path) for name, path in (paths or {}).items()}
    first, second = np.linspace(*x, steps), np.linspace(*y, steps)
    z = _heights(f, *np.meshgrid(first, second))
    if not np.isfinite(z).any():
        raise ArgumentError(
            "surface: the function is finite nowhere in this range.",
            expected="numbers", got="nan or infinity at every point",
        )  # fmt: skip
    figure = canvas.figure(6.2, 4.8)
    labels = {name: _label(name, f, way) for name, way in ways.items()}
    if kind == "3d":
        _view(figure, f, first, second, z, ways, labels, names, title)
    else:
        _map(figure, first, second, z, ways, labels, minimum, names, title)
    return figure


def _way(name: str, path: Any) -> np.ndarray:
    way = np.asarray(plain(path), dtype=float)
    if way.ndim != 2 or way.shape[1] != 2 or not len(way):
        raise ShapeError(
            f"surface: the way {name!r} must be made of points.",
            expected="shape (N, 2)",
            got=f"shape {way.shape}",
        )
    return way


def _heights(f: Callable, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ask for all points at once; of a function that does not take arrays, one by one."""
    with no_grad(), np.errstate(all="ignore"):
        try:
            z = np.asarray(plain(f(x, y)), dtype=float)
            if z.shape == x.shape:
                return z
        except (TypeError, ValueError, IndexError):
            pass  # it takes numbers alone
        points = zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
        found = [np.asarray(plain(f(a, b)), dtype=float) for a, b in points]
    if any(z.size != 1 for z in found):
        raise ShapeError(
            "surface: the function must give one number for each point.",
            expected="a loss, such as lambda x, y: x * x + y * y",
            got=f"shape {found[0].shape}",
        )
    return np.array([float(z.item()) for z in found]).reshape(x.shape)


def _label(name: str, f: Callable, way: np.ndarray) -> str:
    with no_grad():
        end = float(np.asarray(plain(f(*way[-1].tolist()))).item())
    return f"{name}, {len(way) - 1} steps to {short(end)}"


def _ramp(colors: Sequence[str] = _GROUND) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ground", colors)


def _above(z: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Give the heights above the lowest point, and the range in which levels are put."""
    above = z - np.nanmin(np.where(np.isfinite(z), z, np.nan))
    finite = above[np.isfinite(above)]
    top = float(finite.max()) or 1.0
    low = max(float(np.quantile(finite, 0.005)), top * 1e-5)
    return above, low, top


def _map(
    figure: Any,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    ways: dict[str, np.ndarray],
    labels: dict[str, str],
    minimum: Any,
    names: Sequence[str],
    title: str | None,
) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.patheffects import Normal, Stroke

    axes = figure.subplots()
    above, low, top = _above(z)
    levels = np.geomspace(low, top, 18)
    filled = np.clip(above, low, top)
    axes.contourf(x, y, filled, levels=levels, norm=LogNorm(low, top), cmap=_ramp(), extend="both")
    axes.contour(x, y, filled, levels=levels, colors=LIGHT.ink, linewidths=0.4, alpha=0.35)
    halo = [Stroke(linewidth=3.6, foreground=LIGHT.page), Normal()]
    for i, (name, way) in enumerate(ways.items()):
        color = _WAYS[i % len(_WAYS)]
        axes.plot(
            *way.T, color=color, linewidth=2, linestyle=canvas.DASHES[i // len(_WAYS) % 4],
            marker=canvas.MARKERS[i % 6], markersize=3.5, markevery=max(1, len(way) // 24),
            label=labels[name], path_effects=halo, zorder=3,
        )  # fmt: skip
        axes.plot(
            *way[-1], marker=canvas.MARKERS[i % 6], color=color, markersize=9,
            markeredgecolor=LIGHT.page, zorder=4,
        )  # fmt: skip
    if ways:
        start = next(iter(ways.values()))[0]
        axes.plot(*start, "o", color=LIGHT.page, markeredgecolor=LIGHT.ink, markersize=9, zorder=5)
        axes.annotate(
            "start", start, xytext=(8, 6), textcoords="offset points", fontsize=9,
            color=LIGHT.ink, path_effects=[Stroke(linewidth=3, foreground=LIGHT.page), Normal()],
            zorder=6,
        )  # fmt: skip
        axes.legend(loc="best", fontsize=9, framealpha=0.92, edgecolor=LIGHT.cluster_line)
    if minimum is not None:
        axes.plot(
            *minimum, "*", color="#FFD400", markeredgecolor=LIGHT.ink, markersize=14, zorder=5
        )
    canvas.tidy(axes, title=title or "", x=names[0], y=names[1], grid=False)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    canvas.keep(axes)


def _view(
    figure: Any,
    f: Callable,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    ways: dict[str, np.ndarray],
    labels: dict[str, str],
    names: Sequence[str],
    title: str | None,
) -> None:
    """Draw the mountains; heights are logarithms of what stands above the lowest point."""
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    above, low, top = _above(z)
    lowest = float(np.nanmin(np.where(np.isfinite(z), z, np.nan)))

    def height(a: Any) -> Any:
        return np.log10(1 + np.clip(a, 0, top) / (low + top * 1e-3))

    grid = np.meshgrid(x, y)
    axes.plot_surface(
        *grid, height(np.where(np.isfinite(above), above, np.nan)), cmap=_ramp(_GROUND[:-1]),
        linewidth=0, alpha=0.92, rcount=90, ccount=90, antialiased=True, zorder=1,
    )  # fmt: skip
    for i, (name, way) in enumerate(ways.items()):
        along = _between(way)  # or long steps would go through the air
        inside = ((along >= (x[0], y[0])) & (along <= (x[-1], y[-1]))).all(axis=1)
        heights = np.where(inside, height(_heights(f, *along.T) - lowest) + 0.03, np.nan)
        color = _WAYS[i % len(_WAYS)]
        axes.plot(*along.T, heights, color=color, linewidth=2.4, label=labels[name], zorder=3 + i)
        axes.plot(*along[-1:].T, heights[-1:], "o", color=color, zorder=9)
    if ways:
        figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    axes.set_xlabel(names[0], color=LIGHT.muted)
    axes.set_ylabel(names[1], color=LIGHT.muted)
    axes.set_zticks([])
    axes.zaxis.line.set_visible(False)
    axes.tick_params(colors=LIGHT.muted, labelsize=8)
    axes.view_init(elev=48, azim=-60)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)
    axes.grid(False)
    axes.set_title(title or "", loc="left", fontsize=11, color=LIGHT.ink, weight="bold")


def _between(way: np.ndarray) -> np.ndarray:
    """Put seven points between each two of a way."""
    places = np.arange(8 * (len(way) - 1) + 1) / 8
    return np.stack([np.interp(places, np.arange(len(way)), part) for part in way.T], axis=1)
