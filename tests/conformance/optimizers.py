"""Does an optimizer, or a schedule, move a model as PyTorch's does?

PyTorch keeps, for the tests of its own, a database of its optimizers with sets of their options.
Here a small model is trained twice with each set, by PyTorch and here, from the same weights on
the same numbers in float64; after each step parameters, learning rates and momenta are compared.
"""

from __future__ import annotations

import itertools
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from operators import torch, without_expecttest

from microtensor import losses, nn, optim

TOLERANCE = 1e-9  # of a parameter's largest number; ten steps round at about 1e-14
SIZES = [4, 6, 5, 3]
IMPLEMENTATION = {"foreach", "fused", "capturable", "differentiable"}  # no other numbers

LEFT_OUT = {
    "ASGD": "averages of weights are EMA's here",
    "Adadelta": "RMSprop and Adam took its place",
    "Adafactor": "for models larger than memory",
    "Adamax": "a variant of Adam with the largest gradient",
    "Muon": "for the hidden matrices of large language models",
    "NAdam": "Adam with Nesterov's momentum",
    "RAdam": "Adam with a warm-up of its own; LinearLR warms up",
    "Rprop": "for full batches, where LBFGS is better",
    "SparseAdam": "there are no sparse gradients",
}
SCHEDULES_LEFT_OUT = {
    "CosineAnnealingWarmRestarts": "SequentialLR restarts",
    "CyclicLR": "OneCycleLR is its author's later advice",
    "MultiplicativeLR": "LambdaLR with the product",
    "PolynomialLR": "LambdaLR in one line",
}


def database() -> dict[str, Any]:
    """Give PyTorch's optimizers by name, with their sets of options."""
    with warnings.catch_warnings(), without_expecttest():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_optimizers import optim_db
    torch.set_num_threads(1)
    return {info.name: info for info in optim_db}


def option_sets(info: Any) -> Iterator[dict[str, Any]]:
    """Give an optimizer's sets of options as numbers, without the choice of an implementation."""
    seen = []
    for given in info.optim_inputs_func("cpu"):
        options = {
            name: _number(x) for name, x in given.kwargs.items() if name not in IMPLEMENTATION
        }
        if options not in seen:
            seen.append(options)
            yield options


def _number(x: Any) -> Any:
    if isinstance(x, torch.Tensor):
        return x.item()
    return tuple(map(_number, x)) if isinstance(x, tuple) else x


class Pair:
    """One model twice: with the same weights, inputs and labels, here and in PyTorch."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.ours = nn.MLP(SIZES[0], SIZES[1:], activation="tanh", rng=rng, dtype=np.float64)
        layers: list[Any] = []
        for a, b in itertools.pairwise(SIZES):
            layers += [torch.nn.Linear(a, b, dtype=torch.float64), torch.nn.Tanh()]
        self.theirs = torch.nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for p, q in zip(self.ours.parameters(), self.theirs.parameters(), strict=True):
                p.data = rng.standard_normal(p.shape)
                q.copy_(torch.tensor(p.data))
        self.x, self.labels = rng.standard_normal((8, SIZES[0])), rng.integers(0, SIZES[-1], 8)

    def parameters(self, groups: list[dict[str, Any]]) -> tuple[Any, Any]:
        """Give both models' parameters: all, or dealt in turn into groups."""
        found = []
        for model in (self.ours, self.theirs):
            listed = list(model.parameters())
            n = len(groups)
            dealt = [{"params": listed[i::n], **options} for i, options in enumerate(groups)]
            found.append(dealt if groups else listed)
        return found[0], found[1]

    def our_loss(self, optimizer: Any) -> Any:
        optimizer.zero_grad()
        loss = losses.cross_entropy(self.ours(self.x), self.labels)
        loss.backward(leaves_only=True)
        return loss

    def their_loss(self, optimizer: Any) -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            self.theirs(torch.tensor(self.x)), torch.tensor(self.labels)
        )
        loss.backward()
        return loss

    def difference(self) -> str:
        """Say how the models differ; nothing where they agree to the tolerance."""
        for (name, p), q in zip(
            self.ours.named_parameters(), self.theirs.parameters(), strict=True
        ):
            t = q.detach().numpy()
            off = np.max(np.abs(p.data - t)) / np.max(np.abs(t))
            if not off <= TOLERANCE:
                return f"{name} is off by {off:.1e} of its size"
        return ""


def options_of(optimizer: Any, names: tuple[str, ...] = ("lr", "momentum", "betas")) -> Any:
    """List the groups' options that schedules change."""
    groups = optimizer.param_groups
    return [np.ravel([g[name] for g in groups]) for name in names if name in groups[0]]


def complaint(
    name: str,
    options: dict[str, Any],
    *,
    groups: list[dict[str, Any]] = [],  # noqa: B006  # it is only read
    steps: int = 10,
    schedule: Callable[[Any, Any], list[Any]] = lambda words, optimizer: [],
    metrics: Callable[[int], float] = lambda t: 1.0,
    ours: Any = optim,
) -> str:
    """Train both models; say where they part first, or nothing.

    Parameters
    ----------
    name, options : str, dict
        The optimizer.
    groups : list of dict
        The options of each parameter group; none for all parameters in one.
    steps : int
    schedule : callable
        Makes the schedules of an optimizer, with the words of either library.
    metrics : callable
        What a schedule that waits for a plateau is told.
    ours : module
        Where our words are.
    """
    pair = Pair()
    given = pair.parameters(groups)
    try:
        mine = getattr(ours, name)(given[0], **options)
        theirs = getattr(torch.optim, name)(given[1], **options)
        my_schedules = schedule(ours, mine)
        their_schedules = schedule(torch.optim.lr_scheduler, theirs)
        for t in range(steps):
            loss, reference = mine.step(lambda: pair.our_loss(mine)), theirs.step(
                lambda: pair.their_loss(theirs)
            )  # fmt: skip
            if not np.isclose(float(loss), float(reference.detach()), rtol=TOLERANCE):
                return f"step {t}: the loss differs"
            if found := pair.difference():
                return f"step {t}: {found}"
            for x in (*my_schedules, *their_schedules):
                x.step(*([metrics(t)] if "Plateau" in type(x).__name__ else []))
            for a, b in zip(options_of(mine), options_of(theirs), strict=True):
                if not np.allclose(a, b, rtol=TOLERANCE, atol=1e-15):
                    return f"step {t}: {a} in place of {b}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return ""


def in_our_words(make: Callable[[Any], Any]) -> Callable[[Any, Any], list[Any]]:
    """Turn a function of PyTorch's that makes a schedule into one for the words of either side."""

    def schedule(words: Any, optimizer: Any) -> list[Any]:
        names = {n: getattr(words, n) for n in make.__code__.co_names if hasattr(words, n)}
        there = {**make.__globals__, **names}
        return [types.FunctionType(make.__code__, there)(optimizer)]

    return schedule
