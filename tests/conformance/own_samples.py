"""Modules that PyTorch's database has no samples of: each is written once, and made in both.

A builder is given the room of the modules, ``torch.nn`` or ours, and the dtype of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from modules import Sample
from operators import torch

from microtensor import nn

BOTH, USE, TRAINING = (True, False), (False,), (True,)


def chain_of_list(n: Any, d: dict) -> Any:
    class Chain(n.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = n.ModuleList([n.Linear(3, 4, **d), n.Tanh()])
            self.layers.append(n.Linear(4, 2, **d))

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    return Chain()


def choice_of_dict(n: Any, d: dict) -> Any:
    class Choice(n.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = n.ModuleDict({"up": n.Linear(3, 4, **d), "down": n.Linear(4, 2, **d)})
            self.layers["unused"] = n.Linear(2, 2, bias=False, **d)

        def forward(self, x: Any) -> Any:
            return self.layers["down"](self.layers["up"](x))

    return Choice()


def product_of_list(n: Any, d: dict) -> Any:
    ones = torch.ones if n is torch.nn else np.ones

    class Product(n.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factors = n.ParameterList([n.Parameter(ones(3, **d)), n.Parameter(ones(1, **d))])

        def forward(self, x: Any) -> Any:
            for factor in self.factors:
                x = x * factor
            return x

    return Product()


def nested(n: Any, d: dict) -> Any:
    inner = n.Sequential(n.Linear(4, 4, **d), n.ReLU())
    return n.Sequential(n.Linear(3, 4, **d), inner, n.Linear(4, 2, bias=False, **d))


# (builder, the input's shape, trained or used or both)
OWN: dict[str, list[tuple[Callable, tuple[int, ...], tuple[bool, ...]]]] = {
    "Dropout": [
        (lambda n, d: n.Dropout(0.3), (4, 5), USE),
        (lambda n, d: n.Dropout(0.0), (4, 5), TRAINING),
        (lambda n, d: n.Dropout(1.0), (4, 5), TRAINING),
    ],
    "Dropout1d": [
        (lambda n, d: n.Dropout1d(), (2, 3, 4), USE),
        (lambda n, d: n.Dropout1d(1.0), (2, 3, 4), TRAINING),
    ],
    "Dropout2d": [
        (lambda n, d: n.Dropout2d(), (2, 3, 4, 5), USE),
        (lambda n, d: n.Dropout2d(1.0), (2, 3, 4, 5), TRAINING),
    ],
    "Flatten": [
        (lambda n, d: n.Flatten(), (2, 3, 4), BOTH),
        (lambda n, d: n.Flatten(0, 1), (2, 3, 4), BOTH),
        (lambda n, d: n.Flatten(start_dim=-2), (2, 3, 4, 5), BOTH),
    ],
    "Hardsigmoid": [(lambda n, d: n.Hardsigmoid(), (5, 3), BOTH)],
    "Identity": [(lambda n, d: n.Identity(), (2, 3), BOTH)],
    "ModuleDict": [(choice_of_dict, (5, 3), BOTH)],
    "ModuleList": [(chain_of_list, (5, 3), BOTH)],
    "ParameterList": [(product_of_list, (5, 3), BOTH)],
    "Sequential": [
        (lambda n, d: n.Sequential(), (5, 3), BOTH),
        (lambda n, d: n.Sequential(n.Linear(3, 4, **d), n.Tanh()), (5, 3), BOTH),
        (nested, (5, 3), BOTH),
    ],
    "Unflatten": [
        (lambda n, d: n.Unflatten(1, (2, 3)), (4, 6), BOTH),
        (lambda n, d: n.Unflatten(-2, (3, -1)), (2, 6, 5), BOTH),
    ],
    "Upsample": [
        (lambda n, d: n.Upsample(scale_factor=2), (2, 3, 4), BOTH),
        (lambda n, d: n.Upsample(scale_factor=2), (2, 3, 4, 5), BOTH),
        (lambda n, d: n.Upsample(size=(5, 7)), (2, 3, 4, 5), BOTH),
        (lambda n, d: n.Upsample(scale_factor=2, mode="linear"), (2, 3, 4), BOTH),
        (lambda n, d: n.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 4, 5), BOTH),
        (lambda n, d: n.Upsample(None, (2, 3), "bilinear", True), (2, 3, 4, 5), BOTH),
        (lambda n, d: n.Upsample((3, 2), mode="bilinear"), (2, 3, 4, 5), BOTH),
    ],
}


def own_samples(name: str) -> Iterator[tuple[Sample, Callable]]:
    """Give a module's samples, each with what makes ours."""
    number = 0
    for build, shape, modes in OWN[name]:
        for training in modes:
            generator = torch.Generator().manual_seed(number)
            x = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
            make = partial(build, torch.nn, {"dtype": torch.float64})
            inputs = SimpleNamespace(args=(x,), kwargs={})
            yield (
                Sample(number, training, make, (), {}, inputs),
                partial(build, nn, {"dtype": np.float64}),
            )
            number += 1
