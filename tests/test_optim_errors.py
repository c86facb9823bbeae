"""Optimizers: what they refuse, and in which words."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.errors import ArgumentError, GradientError, ParameterError, ShapeError

P = nn.Parameter([1.0])
NO_LEAF = (
    "SGD: only leaves that require a gradient can be trained.\n"
    "  expected  a list of Parameters, such as net.parameters()\n"
)
NO_LIST = "SGD: the parameters must be a list of them.\n  expected  such as net.parameters()\n"
NOTHING = (
    "SGD: there is nothing to train.\n"
    "  expected  at least one Parameter\n"
    "  got       an empty {}\n"
    "  A module finds its own: attributes made by nn.Parameter(...), and other modules."
)
BAD_PARAMETERS = [
    ([], NOTHING.format("list")),
    ((), NOTHING.format("tuple")),
    ((p for p in ()), NOTHING.format("list")),
    (nn.Linear(1, 1), NO_LIST + "  got       a Linear"),
    (3, NO_LIST + "  got       a int"),
    (P, NO_LEAF + "  got       one by itself\n  Put it into a list: [p]."),
    ([P, np.ones(2)], NO_LEAF + "  got       a ndarray in place 1"),
    (
        [P * 2],
        NO_LEAF + "  got       a Value of shape (1,) in place 0, which multiply computed\n"
        "  Give the leaves that it was computed from.",
    ),
    (
        [mt.Value([1.0], requires_grad=False, name="x")],
        NO_LEAF + "  got       x in place 0, which is a constant\n"
        "  Make it with nn.Parameter(...), or requires_grad=True.",
    ),
    (
        [P, nn.Parameter([2.0]), P],
        "SGD: a Value of shape (1,) is given twice, and would move twice in a step.\n"
        "  net.parameters() gives each once, also where modules share them.",
    ),
]


@pytest.mark.parametrize(("given", "message"), BAD_PARAMETERS)
def test_what_cannot_be_trained_is_refused(given, message):
    with pytest.raises(ParameterError) as error:
        optim.SGD(given, lr=0.1)
    assert str(error.value) == message


NEGATIVE = [
    (optim.SGD, "lr", -1),
    (optim.SGD, "lr", float("nan")),
    (optim.SGD, "lr", "fast"),
    (optim.SGD, "momentum", -0.5),
    (optim.SGD, "dampening", -0.5),
    (optim.SGD, "weight_decay", -0.5),
    (optim.Adam, "eps", -1e-8),
    (optim.AdamW, "weight_decay", -1),
]


@pytest.mark.parametrize(("make", "option", "x"), NEGATIVE)
def test_no_option_is_negative(make, option, x):
    with pytest.raises(ArgumentError) as error:
        make([P], **{option: x})
    assert str(error.value) == (
        f"{make.__name__}: {option} must not be negative.\n"
        "  expected  a number of at least 0\n"
        f"  got       {x!r}"
    )


@pytest.mark.parametrize("betas", [(0.9, 1.0), (-0.1, 0.9), (0.9,)])
def test_betas_are_below_one(betas):
    with pytest.raises(ArgumentError) as error:
        optim.Adam([P], betas=betas)
    assert str(error.value) == (
        "Adam: betas must be two numbers from 0 to below 1.\n"
        "  expected  such as (0.9, 0.999)\n"
        f"  got       {betas}"
    )


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(options):
    with pytest.raises(ArgumentError) as error:
        optim.SGD([P], nesterov=True, **options)
    got = {"momentum": 0.0, "dampening": 0.0, **options}
    assert str(error.value) == (
        "SGD: Nesterov's momentum needs momentum, and no dampening.\n"
        "  expected  momentum above 0 and dampening=0\n"
        f"  got       momentum={got['momentum']} and dampening={got['dampening']}"
    )


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_a_step_without_any_gradient_is_an_error(make):
    optimizer = make(nn.Linear(2, 1).parameters())
    with pytest.raises(GradientError) as error:
        optimizer.step()
    assert str(error.value) == (
        f"{make.__name__}.step: no parameter has a gradient.\n"
        "  expected  a loss that depends on them, and loss.backward() before step()\n"
        "  got       grad is None for all of the 2\n"
        "  backward() has not been called since they were made or zero_grad() was."
    )


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_a_gradient_of_another_shape_is_an_error(make):
    p = nn.Parameter([1.0, 2.0], name="w")
    p.grad = np.float64(1.0)
    with pytest.raises(ShapeError) as error:
        make([p]).step()
    assert str(error.value) == (
        f"{make.__name__}: a gradient must have its parameter's shape.\n"
        "  expected  shape (2,), as w has\n"
        "  got       shape ()"
    )


def test_an_optimizer_of_ones_own_says_its_step():
    class Signs(optim.Optimizer):
        pass

    p = nn.Parameter([1.0])
    p.grad = np.ones(1)
    with pytest.raises(NotImplementedError) as error:
        Signs([p], lr=0.1).step()
    assert str(error.value) == "Signs does not say how to move."
    assert Signs([P], lr=0.1).state == {}


RANGES = [
    (optim.SGD, "nesterov", "yes", "must be a switch", "True or False"),
    (optim.Adam, "amsgrad", 1, "must be a switch", "True or False"),
    (optim.Adagrad, "maximize", None, "must be a switch", "True or False"),
    (optim.RMSprop, "centered", 0.5, "must be a switch", "True or False"),
    (optim.RMSprop, "alpha", 1.0, "must be a number from 0 to below 1", "such as 0.99"),
    (optim.RMSprop, "momentum", True, "must not be negative", "a number of at least 0"),
    (optim.Adagrad, "lr_decay", -1, "must not be negative", "a number of at least 0"),
]


@pytest.mark.parametrize(("make", "option", "x", "claim", "expected"), RANGES)
def test_options_are_in_their_range(make, option, x, claim, expected):
    with pytest.raises(ArgumentError) as error:
        make([P], **{option: x})
    assert str(error.value) == (
        f"{make.__name__}: {option} {claim}.\n  expected  {expected}\n  got       {x!r}"
    )
