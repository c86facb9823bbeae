"""How good is a model on data that it does not learn from?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import ArgumentError
from ..graph import no_grad
from .feeding import as_batches, part
from .measures import Measures, named


def evaluate(model: Callable, loss: Callable, data: Any, *, metrics: Any = ()) -> dict[str, float]:
    """Measure the loss and metrics of a model on data, recording and changing nothing.

    Parameters
    ----------
    model : Module
        It is in evaluation mode meanwhile, and then each part of it in the mode that it was in.
    loss : callable
        A function of (outputs, targets), such as ``losses.cross_entropy``; a mean over rows.
    data : (x, y), Dataset, or iterable of batches
        Arrays are taken 256 rows at a time; see `fit`.
    metrics : str, callable, list or dict
        As in `fit`.

    Returns
    -------
    dict of str to float
        "loss", and each metric, of all rows together.

    Raises
    ------
    ArgumentError
        If there are no data, or a metric is none.

    Examples
    --------
    >>> from microtensor import data, losses, nn
    >>> net = nn.Linear(2, 2, rng=0)
    >>> found = evaluate(net, losses.cross_entropy, data.moons(100, rng=0), metrics="accuracy")
    >>> list(found)
    ['loss', 'accuracy']
    """
    measures = Measures(named(metrics))
    measure(model, loss, as_batches(data, learning=False), measures)
    return measures.results()


def measure(model: Callable, loss: Callable, batches: Any, measures: Measures) -> None:
    """Run through the batches once, and add what they give."""
    measures.reset()
    with mode(model, training=False), no_grad():
        for batch in batches:
            inputs, targets, rows, _ = part(batch)
            outputs = model(*inputs)
            measures.add(float(loss(outputs, targets)), targets, outputs, rows)
    if not measures.rows:
        raise ArgumentError("evaluate: the data gave no batch.", expected="at least one")


@contextmanager
def mode(model: Any, *, training: bool) -> Iterator[None]:
    """Put a model into training or evaluation mode; then each part back as it was."""
    modules = model.modules() if hasattr(model, "modules") else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = training
    try:
        yield
    finally:
        for module, was in zip(modules, before, strict=True):
            module.training = was
