"""What are the weights on the average? An exponential moving average, beside those that train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Model, assign, label, refuse_while_traced, state
from .groups import given_groups
from .options import BELOW_ONE, check
from .states import copied, refuse


class EMA:
    """Keeps an exponential moving average of weights, which often do better than the last ones.

    After each step of the optimizer, with weights ``p`` and their average ``a``::

        a = decay · a + (1 - decay) · p                 (first time: a = p)

    Parameters
    ----------
    model : Module, or iterable of Parameter
        Whose parameters are averaged. Buffers, such as running means, are not: they stay.
    decay : float, default 0.999
        From 0 to below 1: about ``1 / (1 - decay)`` steps count.

    Attributes
    ----------
    average : list of ndarray
        Each parameter's average; before the first `update`, the weights at the beginning.
    n_averaged : int
        How often `update` was called.

    Raises
    ------
    ArgumentError
        If decay is out of its range.
    ParameterError
        If the parameters are no parameters.

    References
    ----------
    .. [1] Polyak, Juditsky, *Acceleration of Stochastic Approximation by Averaging* (1992);
       weighted exponentially as in Kingma, Ba, *Adam* (2015), section 7.2.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([0.0])
    >>> ema = EMA([p], decay=0.75)
    >>> for x in ([1.0], [2.0]):
    ...     p.data = x                          # a step of an optimizer
    ...     ema.update()
    >>> with ema.applied():
    ...     print(p.data)
    [1.25]
    >>> p.data
    array([2.])
    """

    def __init__(self, model: Any, decay: float = 0.999) -> None:
        self.decay = check("EMA", "decay", BELOW_ONE, decay)
        named: dict[str, Any] = {}
        if isinstance(model, Model):
            named = dict(model.named_parameters())
            model = list(named.values())
        (group,) = given_groups("EMA", [{"params": model}])
        self.parameters: list[Any] = group["params"]
        self._names = list(named) or [str(place) for place in range(len(self.parameters))]
        self.average = [np.array(p._data) for p in self.parameters]
        self.n_averaged = 0
        self._applied = False

    def update(self) -> None:
        """Count the weights of now into the average.

        Raises
        ------
        ArgumentError
            Inside of `applied`, where the weights are the average itself.
        """
        if self._applied:
            raise ArgumentError(
                "EMA.update: the weights are the average now.",
                expected="update() after a step of the optimizer, outside of applied()",
            )
        if state.tracer is not None:
            return self._record_update(state.tracer)
        keep = float(self.decay)
        for a, p in zip(self.average, self.parameters, strict=True):
            if self.n_averaged:
                a *= keep
                a += (1 - keep) * p._data
            else:
                a[...] = p._data
        self.n_averaged += 1

    def _record_update(self, tracer: Any) -> None:
        """Record `update` as part of a program."""
        begun = self.n_averaged > 0
        tracer.condition(lambda: (self.n_averaged > 0) is begun and not self._applied)
        count = tracer.place(
            "n_averaged", ("n_averaged", id(self)), lambda: float(self.n_averaged), self._counted
        )
        begun = begun or tracer.latest(count) is not count
        keep = tracer.place("decay", ("decay", id(self)), lambda: float(self.decay))
        for name, a, p in zip(self._names, self.average, self.parameters, strict=True):
            place = _average(tracer, f"average_{name}", a)
            new = tracer.held(p)
            if begun:
                new = tracer.latest(place) * keep + (1 - keep) * new
            tracer.write(place, new)
        tracer.write(count, tracer.latest(count) + 1.0)

    def _counted(self, n: float) -> None:
        self.n_averaged = int(n)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use the averaged weights inside, and the others again after it.

        Raises
        ------
        ArgumentError
            At the end, if the weights were changed inside: that change is gone.
        """
        refuse_while_traced(
            "EMA.applied()", "Enter it outside, and call the function inside of it."
        )
        before = [p._data for p in self.parameters]
        was_applied, self._applied = self._applied, True
        try:
            for p, a in zip(self.parameters, self.average, strict=True):
                assign(p, a.copy())
            yield
            pairs = zip(self.parameters, self.average, strict=True)
            changed = [p for p, a in pairs if not np.array_equal(p._data, a, equal_nan=True)]
        finally:
            self._applied = was_applied
            for p, x in zip(self.parameters, before, strict=True):
                assign(p, x)
        if changed:
            raise ArgumentError(
                f"EMA.applied: {label(changed[0])} was changed inside, and is again as before.",
                expected="steps of the optimizer outside of it",
            )

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy the average, under such as "average.layers.0.weight", the decay and the count."""
        refuse_while_traced("EMA.state_dict()", "Call it before or after the function.")
        averages = zip(self._names, self.average, strict=True)
        counts = {"decay": np.array(self.decay), "n_averaged": np.array(self.n_averaged)}
        return {**counts, **{f"average.{name}": a.copy() for name, a in averages}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises
        ------
        ParameterError
            If it is the state of other parameters. Nothing is changed then.
        """
        own, given = self.state_dict(), copied("EMA", state)
        fits = {key: given[key].shape == x.shape for key, x in own.items() if key in given}
        misfits = [key for key in own if not fits.get(key)]
        misfits += [key for key in given if key not in own]
        refuse("EMA", f"these {len(self.parameters)} parameters", misfits)
        decay = check("EMA", "decay", BELOW_ONE, given["decay"].item())
        self.decay, self.n_averaged = decay, int(given["n_averaged"])
        for name, a in zip(self._names, self.average, strict=True):
            a[...] = given[f"average.{name}"]

    def __repr__(self) -> str:
        return f"EMA({len(self.parameters)} parameters, decay={self.decay})"


def _average(tracer: Any, name: str, a: np.ndarray) -> Any:
    """Give the Value that stands for one average, which is written into."""

    def write(new: Any) -> None:
        if new is not a:
            a[...] = new

    return tracer.place(name, ("average", id(a)), lambda: a, write, in_place=True)
