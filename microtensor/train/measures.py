"""What did an epoch measure? The loss and the metrics, batch by batch, as of all rows together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Node
from . import metrics as known
from .metrics import averaged

_BY_NAME = (
    "accuracy",
    "mean_absolute_error",
    "mean_squared_error",
    "perplexity",
    "r2",
    "root_mean_squared_error",
)


class Measures:
    """Sums of the loss and of metrics that average, and all rows for metrics that do not.

    Parameters
    ----------
    metrics : dict of str to callable
        What `named` gives.
    """

    def __init__(self, metrics: Mapping[str, Callable]) -> None:
        self.averages = {n: m for n, m in metrics.items() if isinstance(m, averaged)}
        self.wholes = {n: m for n, m in metrics.items() if not isinstance(m, averaged)}
        self.names = list(metrics)
        self.reset()

    def reset(self) -> None:
        """Forget everything, for the next epoch."""
        self.rows = 0
        self.loss = 0.0
        self.sums = dict.fromkeys(self.averages, 0.0)
        self.targets: list[Any] = []
        self.outputs: list[Any] = []

    def add(self, loss: float, targets: Any, outputs: Any, rows: int) -> None:
        """Take a batch into account: what it gave counts as much as it has rows."""
        self.rows += rows
        self.loss += loss * rows
        if self.names:
            targets, outputs = numbers(targets), numbers(outputs)
            for name, metric in self.averages.items():
                self.sums[name] += float(metric.mean(targets, outputs)) * rows
            if self.wholes:
                self.targets.append(targets)
                self.outputs.append(outputs)

    def results(self) -> dict[str, float]:
        """Give the mean loss, and each metric, of all rows so far."""
        found = {n: m.then(self.sums[n] / self.rows) for n, m in self.averages.items()}
        if self.wholes:
            targets, outputs = _joined(self.targets), _joined(self.outputs)
            found |= {n: _one_number(n, m(targets, outputs)) for n, m in self.wholes.items()}
        return {"loss": self.loss / self.rows, **{name: found[name] for name in self.names}}

    def state_dict(self) -> dict[str, Any]:
        """Copy all of it, for `load_state_dict`."""
        return {
            "rows": self.rows,
            "loss": self.loss,
            "sums": dict(self.sums),
            "names": list(self.names),
            "targets": list(self.targets),
            "outputs": list(self.outputs),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave, of the same metrics."""
        if list(state["names"]) != self.names:
            raise ArgumentError(
                "fit: the epoch that was interrupted measured something else.",
                expected=f"metrics {', '.join(state['names']) or 'none'}, as before",
                got=f"metrics {', '.join(self.names) or 'none'}",
            )
        self.rows, self.loss, self.sums = state["rows"], state["loss"], dict(state["sums"])
        self.targets, self.outputs = list(state["targets"]), list(state["outputs"])


def named(metrics: Any) -> dict[str, Callable]:
    """Give metrics by their names, however they were given.

    Parameters
    ----------
    metrics : str, callable, a list of these, or dict of str to callable
        A word stands for the function of that name in this room; "top_5" for ``top_k(5)``.

    Raises
    ------
    ArgumentError
        If one of them is none, or two have one name.

    Examples
    --------
    >>> list(named(["accuracy", known.top_k(3)]))
    ['accuracy', 'top_3']
    """
    if isinstance(metrics, Mapping):
        found = {str(name): _metric(metric) for name, metric in metrics.items()}
    else:
        alone = isinstance(metrics, str) or callable(metrics)
        listed = [metrics] if alone else list(metrics) if isinstance(metrics, Iterable) else [None]
        made = [_metric(metric) for metric in listed]
        found = {getattr(m, "__name__", type(m).__name__): m for m in made}
        if len(found) < len(made) or "<lambda>" in found:
            raise ArgumentError(
                "fit: each metric needs a name of its own.",
                got=", ".join(getattr(m, "__name__", type(m).__name__) for m in made),
                hint='Give a dict: metrics={"f1": lambda t, o: f1_score(t, o.argmax(axis=1))}.',
            )
    if clash := {"loss", "lr", "seconds", "epoch"} & set(found):
        raise ArgumentError(
            "fit: a metric must not be called as what is measured anyway.",
            got=repr(min(clash)),
        )
    return found


def _metric(metric: Any) -> Callable:
    if isinstance(metric, str):
        if metric in _BY_NAME:
            return getattr(known, metric)
        if metric.startswith("top_") and metric[4:].isdecimal():
            return known.top_k(int(metric[4:]))
    elif callable(metric):
        return metric
    raise ArgumentError(
        "fit: this is no metric.",
        expected=f"a function of (targets, outputs), or one of {', '.join(_BY_NAME)}, top_5",
        got=repr(metric),
    )


def numbers(x: Any) -> Any:
    """Give plain arrays for Values, within tuples, lists and dicts, too."""
    if isinstance(x, Node):
        return x._data
    if isinstance(x, dict):
        return {key: numbers(y) for key, y in x.items()}
    return [numbers(y) for y in x] if isinstance(x, list | tuple) else x


def _joined(parts: list[Any]) -> Any:
    """Put batches one below the other."""
    first = parts[0]
    if isinstance(first, dict):
        return {key: _joined([part[key] for part in parts]) for key in first}
    if isinstance(first, list):
        columns = zip(*parts, strict=True) if not np.isscalar(first[0]) else None
        return np.concatenate(parts) if columns is None else [_joined(list(x)) for x in columns]
    return np.concatenate([np.atleast_1d(part) for part in parts])


def _one_number(name: str, x: Any) -> float:
    if np.size(numbers(x)) != 1:
        raise ArgumentError(
            f"fit: the metric {name} must give one number.",
            expected="a float",
            got=f"a {type(x).__name__} of shape {np.shape(numbers(x))}",
        )
    return float(np.asarray(numbers(x)).item())
