"""Are the gradients well? Dead, vanishing and exploding ones, in words and numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..calls import plain
from ..errors import ArgumentError
from .callbacks import Callback

if TYPE_CHECKING:
    from .runs import Run

_TINY = 1e-4  # of the largest gradient among the parameters
_HUGE = 1e3


class Vitals(NamedTuple):
    """What was seen of one parameter's gradients in an epoch.

    Attributes
    ----------
    name : str
        Its path in the model.
    size : float
        The root mean square of the gradient's entries, averaged over the looks.
    largest : float
        The largest norm of the whole gradient.
    dead : int
        Rows (units, channels) whose gradient was 0 at every look.
    rows : int
    verdict : str
        "ok", "dead", "vanishing" or "exploding".
    """

    name: str
    size: float
    largest: float
    dead: int
    rows: int
    verdict: str


class GradientHealth(Callback):
    """Looks at the gradients every few steps, and says after each epoch how they are.

    A parameter is called

    - exploding, if the norm of its gradient passed ``huge`` at a look, or was not finite;
    - dead, if its gradient was 0 in more than half of its rows at every look, as of units that a
      rectifier has closed for every example;
    - vanishing, if its gradient's entries are less than a 10,000th of those of the parameter with
      the largest: then it hardly learns beside the other.

    Parameters
    ----------
    every : int, default 10
        How many steps lie between two looks.
    huge : float, default 1000
        The norm from which a gradient counts as exploding.

    Attributes
    ----------
    rows : list of Vitals
        Those of the last epoch; ``print(health)`` shows them as a table.

    References
    ----------
    .. [1] Glorot, Bengio, *Understanding the difficulty of training deep feedforward neural
       networks* (2010).

    Examples
    --------
    >>> from microtensor import data, losses, nn, optim, train
    >>> net = nn.MLP(2, [3, 2], activation="relu", rng=0)
    >>> net.layers[0].bias.data -= 100.0                         # every unit is closed
    >>> health = train.GradientHealth(every=1)
    >>> _ = train.fit(
    ...     net, losses.cross_entropy, data.moons(64, rng=0), optimizer=optim.SGD(
    ...     net.parameters(), lr=0.1), callbacks=[health], progress=False, rng=0)
    >>> [row.verdict for row in health.rows]
    ['dead', 'dead', 'dead', 'ok']
    """

    def __init__(self, every: int = 10, *, huge: float = _HUGE) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ArgumentError(
                "GradientHealth: every is a number of steps.",
                expected="1, 2, 3 ...",
                got=repr(every),
            )
        self.every, self.huge = every, huge
        self.rows: list[Vitals] = []
        self._looks: dict[str, list[tuple[float, float]]] = {}
        self._alive: dict[str, Any] = {}

    def before_training(self, run: Run) -> None:
        self.rows, self._looks, self._alive = [], {}, {}

    def after_step(self, run: Run) -> None:
        if (run.step - 1) % self.every == 0:  # the first, whatever comes
            for name, p in run.model.named_parameters():
                if p.grad is not None:
                    self._look(name, np.atleast_1d(plain(p.grad)))

    def _look(self, name: str, g: np.ndarray) -> None:
        squares = g.astype(float) ** 2
        total = float(np.sum(squares))
        self._looks.setdefault(name, []).append(
            (math.sqrt(total / max(g.size, 1)), math.sqrt(total))
        )
        alive = (g != 0).reshape(len(g), -1).any(axis=1)
        self._alive[name] = self._alive.get(name, False) | alive

    def after_epoch(self, run: Run) -> None:
        sizes = {name: _mean([size for size, _ in looks]) for name, looks in self._looks.items()}
        largest = max((x for x in sizes.values() if math.isfinite(x)), default=0.0)
        self.rows = [self._vitals(name, sizes[name], largest) for name in self._looks]
        self._looks, self._alive = {}, {}

    def _vitals(self, name: str, size: float, beside: float) -> Vitals:
        norm = max((n for _, n in self._looks[name]), key=lambda n: math.inf if n != n else n)
        alive = self._alive[name]
        dead, rows = int(np.sum(~alive)), len(alive)
        verdict = "ok"
        if not norm < self.huge:
            verdict = "exploding"
        elif 2 * dead > rows:
            verdict = "dead"
        elif size < _TINY * beside:
            verdict = "vanishing"
        return Vitals(name, size, norm, dead, rows, verdict)

    def state_dict(self) -> dict[str, Any]:
        return {
            "rows": [list(row) for row in self.rows],
            "looks": {name: list(looks) for name, looks in self._looks.items()},
            "alive": dict(self._alive),
        }

    def load_state_dict(self, state: Any) -> None:
        self.rows = [Vitals(*row) for row in state["rows"]]
        self._looks = {name: list(looks) for name, looks in state["looks"].items()}
        self._alive = dict(state["alive"])

    def __str__(self) -> str:
        if not self.rows:
            return "no gradients yet"
        width = max(9, *(len(row.name) for row in self.rows))
        lines = [f"{'parameter':<{width}}  {'entries':>9}  {'norm':>9}  {'dead rows':>11}  verdict"]
        for row in self.rows:
            lines.append(
                f"{row.name:<{width}}  {row.size:9.2e}  {row.largest:9.2e}  "
                f"{f'{row.dead} of {row.rows}':>11}  {row.verdict}"
            )
        return "\n".join(lines)


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)
