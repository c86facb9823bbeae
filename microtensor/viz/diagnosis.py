"""Is it well? Dead, saturated, vanishing and exploding, NaN: each with its number and its limit.

Two things can be examined. Of a loss, the whole graph: what each unit gave for the batch, and
every gradient. Of a model, what it holds: its parameters, and the gradients of the last
``backward()``. The rules for gradients are those of ``train.GradientHealth``, which looks at them
while a model is trained.
"""

from __future__ import annotations

import html as escaping
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import backward, graph
from ..errors import ArgumentError
from ..graph import Model
from ..graph import Node as Recorded
from .gradient_rules import parameter_findings
from .graph_rules import graph_findings
from .names import is_parameter_class, parameter_paths


class Limits(NamedTuple):
    """From where on something is called unwell; see `health`."""

    dead: float = 0.0
    saturated: float = 0.5
    rows: float = 0.5
    vanishing: float = 1e-4
    exploding: float = 1e3
    update: tuple[float, float] = (1e-6, 0.1)


class Finding(NamedTuple):
    """One thing that is not well.

    Attributes
    ----------
    rule : str
        "nan", "infinite", "dead", "saturated", "vanishing", "exploding", "unreached" or "update".
    where : str
        The module, parameter or value.
    module : str
        The path of the module in its model; empty outside of one.
    short : str
        What is wrong in a few words, such as ``1 of 4 dead``.
    number, limit : float
        What was measured, and from where on it is unwell.
    told : str
        The number and the limit in a sentence.
    hint : str
        What to try.
    """

    rule: str
    where: str
    module: str
    short: str
    number: float
    limit: float
    told: str
    hint: str

    @property
    def is_error(self) -> bool:
        """Whether training cannot go on like this."""
        return self.rule in ("nan", "infinite", "exploding")


class HealthReport:
    """What was found. ``print`` it; it is true if nothing was.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first.
    notes : tuple of str
        What could not be looked at.
    examined : str
        What was looked at.
    """

    def __init__(self, findings: list[Finding], notes: list[str], examined: str) -> None:
        self.findings = tuple(sorted(findings, key=lambda f: not f.is_error))
        self.notes, self.examined = tuple(notes), examined

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        n = len(self.findings)
        lines = [f"{self.examined}: " + ("well" if not n else f"{n} finding{'s' * (n > 1)}")]
        for i, finding in enumerate(self.findings):
            mark = "✗" if finding.is_error else "!"
            lines.append(f"{mark} {finding.rule:<10} {finding.where}")
            lines += _indented(finding.told)
            if i + 1 == n or self.findings[i + 1].hint != finding.hint:  # once for all alike
                lines += _indented(finding.hint)
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escaping.escape(str(self))}</pre>"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 79, initial_indent=" " * 13, subsequent_indent=" " * 13)


def health(
    model_or_value: Any,
    *,
    dead: float = Limits().dead,
    saturated: float = Limits().saturated,
    rows: float = Limits().rows,
    vanishing: float = Limits().vanishing,
    exploding: float = Limits().exploding,
    update: tuple[float, float] = Limits().update,
    lr: float | None = None,
) -> HealthReport:
    """Look for what is not well in a loss's graph, or in a model and its gradients.

    Of a loss, the gradients are computed on the side. Of a model, they are those that the last
    ``backward()`` left; without any, its numbers alone are looked at.

    Parameters
    ----------
    model_or_value : Model or Value
        Best a loss: its graph shows the activations, too.
    dead : float, default 0
        Which share of a layer's rectified units may give 0 for the whole batch.
    saturated : float, default 0.5
        Which share of a layer's outputs may lie where the slope is flat: ``|tanh| > 0.97``, or a
        sigmoid outside of 0.02 ... 0.98.
    rows : float, default 0.5
        Which share of a parameter's rows (units, channels) may have a gradient of 0.
    vanishing : float, default 1e-4
        How small a parameter's gradient may be beside the largest one, by their root mean squares.
    exploding : float, default 1000
        The norm from which on a parameter's gradient explodes.
    update : (float, float), default (1e-6, 0.1)
        Between which ratios of the step ``lr · grad`` to the parameter a step is of a good size;
        about a thousandth is best [2]_.
    lr : float, optional
        The learning rate of plain gradient descent; without it, updates are not looked at.

    Returns
    -------
    HealthReport

    Raises
    ------
    ArgumentError
        If it is neither, or a limit is no number of at least 0.

    References
    ----------
    .. [1] Glorot, Bengio, *Understanding the difficulty of training deep feedforward neural
       networks* (2010).
    .. [2] A. Karpathy, *Building makemore, part 3* (2022), on ratios of updates to weights.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> from microtensor import losses, nn, viz
    >>> net = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))
    >>> net[0].bias.data = [0.0, 0.0, 0.0, -9.0]                      # closes the last unit
    >>> x = np.random.default_rng(0).standard_normal((6, 2))
    >>> print(viz.health(losses.mse(net(x), x[:, :1])))
    graph of 10 values: 1 finding
    ! dead       1, a ReLU
                 1 of 4 units gave 0 for all 6 rows of the batch; limit: 0.
                 A unit that is closed for every example learns no more. Try a
                 smaller learning rate, He initialisation, or leaky_relu.
    """
    limits = Limits(dead, saturated, rows, vanishing, exploding, update)
    for name, limit in zip(Limits._fields, limits, strict=True):
        _check_limit(name, limit)
    if lr is not None:
        _check_limit("lr", lr)
    if isinstance(model_or_value, Recorded):
        return _of_value(model_or_value, limits, lr)
    if isinstance(model_or_value, Model):
        return _of_model(model_or_value, limits, lr)
    raise ArgumentError(
        "health: there is nothing to examine.",
        expected="a Value, such as a loss, or a model",
        got=f"a {type(model_or_value).__name__}",
    )


def _check_limit(name: str, limit: Any) -> None:
    numbers = limit if name == "update" else (limit,)
    fits = isinstance(numbers, tuple) and len(numbers) == (2 if name == "update" else 1)
    if fits and all(
        isinstance(x, int | float) and not isinstance(x, bool) and x >= 0 for x in numbers
    ):
        return
    raise ArgumentError(
        f"health: {name} is not a limit.",
        expected="two numbers of at least 0" if name == "update" else "a number of at least 0",
        got=repr(limit),
    )


def _of_value(root: Recorded, limits: Limits, lr: float | None) -> HealthReport:
    order = graph.ancestors(root)
    grads: dict[Recorded, Any] = {}
    notes = []
    if np.size(root._data) == 1:
        with np.errstate(all="ignore"):
            grads = backward.all_gradients(root)
    else:
        notes.append("No gradients, as the output is not one number: examine the loss.")
    models: dict[int, Any] = {}
    for node in order:
        if isinstance(node.scope, graph.Scope):
            top = node.scope.chain()[0].module
            models.setdefault(id(top), top)
    paths = parameter_paths(models.values())
    findings = [Finding(*found) for found in graph_findings(order, grads, limits, paths)]
    if grads and not any(f.rule in ("nan", "infinite") for f in findings):  # all follows of these
        named = [(path, p) for p, path in paths.items()]
        if not named:
            named = [
                (graph.label(node), node)
                for node in order
                if node.fn is None and node.requires_grad and _is_trained(node)
            ]
        found = [(name, p, grads.get(p)) for name, p in named if p.requires_grad]
        findings += [Finding(*row) for row in parameter_findings(found, limits, lr, True)]
    return HealthReport(findings, notes, f"graph of {len(order):,} values")


def _is_trained(node: Recorded) -> bool:
    return is_parameter_class(node) or node.name is not None


def _of_model(model: Any, limits: Limits, lr: float | None) -> HealthReport:
    named = list(model.named_parameters())
    found = [(name, p, p.grad) for name, p in named if p.requires_grad]
    frozen = [(name, p, None) for name, p in named if not p.requires_grad]
    has_gradients = any(grad is not None for _, _, grad in found)
    notes = ["What units gave is seen in a graph only: examine the loss."]
    if not has_gradients:
        notes = ["No gradients yet: examine the loss, or call backward() first."]
    rows = parameter_findings(found, limits, lr, has_gradients)
    rows += parameter_findings(frozen, limits, None, False)
    kind = type(model).__name__
    return HealthReport(
        [Finding(*row) for row in rows], notes, f"{kind} of {len(named):,} parameters"
    )
