"""Where docs/conventions.md says that PyTorch's choice is the same, it is; where not, it is not."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from test_conventions import NAMES, rows

F = torch.nn.functional
inf, nan = float("inf"), float("nan")


def slopes(f, *xs):
    """Give the gradients of a function's sum in PyTorch."""
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
    found = torch.autograd.grad(f(*leaves).sum(), leaves, allow_unused=True)
    return [None if g is None else g.numpy() for g in found]


def curvature(f, x):
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f(leaf), leaf, create_graph=True)
    if not slope.requires_grad:
        return [np.zeros(())]
    return [torch.autograd.grad(slope, leaf)[0].numpy(force=True)]


def by_base(f, x, y):
    return slopes(f, x, y)[:1]


def by_exponent(f, x, y):
    return slopes(f, x, y)[1:]


def safe_log(x):
    return torch.where(x > 0, torch.log(torch.where(x > 0, x, 1.0)), 0.0)


def pulled_infinite():
    x = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    torch.where(x > 0, x, 0.0).backward(torch.tensor(inf, dtype=torch.float64))
    return [x.grad.numpy()]


PYTORCH = {
    "relu at 0": lambda: slopes(torch.relu, 0.0),
    "leaky_relu at 0": lambda: slopes(F.leaky_relu, 0.0),
    "elu at 0": lambda: slopes(F.elu, 0.0),
    "hardtanh at its bounds": lambda: slopes(F.hardtanh, 1.0),
    "abs at 0": lambda: slopes(torch.abs, 0.0),
    "the second derivative of relu and abs, at 0 too": lambda: curvature(torch.abs, 0.0),
    "steps: sign, floor, round, comparisons": lambda: slopes(torch.sign, 2.0),
    "clip at a bound": lambda: slopes(lambda x: torch.clamp(x, 0.0, 1.0), 1.0),
    "clip where low is above high": lambda: slopes(lambda x: torch.clamp(x, 1.0, 0.0), 0.5),
    "remainder between its jumps": lambda: slopes(torch.remainder, 5.0, 3.0),
    "sinc at 0": lambda: slopes(torch.sinc, 0.0),
    "copysign at 0": lambda: by_base(torch.copysign, 0.0, 1.0),
    "maximum and minimum of equals: half each": lambda: slopes(torch.maximum, 1.0, 1.0),
    "fmax and fmin of equals: all to the first": lambda: slopes(torch.fmax, 1.0, 1.0),
    "max and min with ties: evenly": lambda: slopes(torch.amax, [2.0, 2.0, 1.0]),
    "the max norm with ties: evenly": lambda: slopes(
        lambda x: torch.linalg.norm(x, inf), [2.0, -2.0]
    ),
    "max pooling with ties: the first": lambda: slopes(lambda x: F.max_pool1d(x, 2), [[3.0, 3.0]]),
    "sort with ties: in the order of the input": lambda: slopes(
        lambda x: torch.sort(x, stable=True)[0][0], [1.0, 1.0, 2.0]
    ),
    "running maximum with ties: the last": lambda: slopes(
        lambda x: torch.cummax(x, 0)[0][-1], [2.0, 1.0, 2.0]
    ),
    "the median of an even count": lambda: slopes(torch.median, [1.0, 2.0, 3.0, 4.0]),
    "attention of a query that may attend to nothing": lambda: slopes(
        lambda v: F.scaled_dot_product_attention(
            torch.ones_like(v),
            torch.ones_like(v),
            v,
            torch.tensor([[False]]),
        ),
        [[2.0]],
    ),
    "the norm at 0": lambda: slopes(torch.linalg.norm, [0.0, 0.0]),
    "the sum of absolute values at 0": lambda: slopes(
        lambda x: torch.linalg.norm(x, 1), [0.0, 2.0]
    ),
    "sqrt at 0": lambda: slopes(torch.sqrt, 0.0),
    "sqrt(x²) at 0: infinite times zero": lambda: slopes(lambda x: torch.sqrt(x * x), 0.0),
    "log at 0": lambda: slopes(torch.log, 0.0),
    "0**0 by its base": lambda: by_base(torch.pow, 0.0, 0.0),
    "0**0 by its exponent": lambda: by_exponent(torch.pow, 0.0, 0.0),
    "0**b by its exponent, b above 0": lambda: by_exponent(torch.pow, 0.0, 2.0),
    "x**2 of a negative x, by x": lambda: by_base(torch.pow, -2.0, 2.0),
    "x**b of a negative x, by b": lambda: by_exponent(torch.pow, -2.0, 2.0),
    "a product with one zero": lambda: slopes(torch.prod, [0.0, 2.0, 3.0]),
    "the standard deviation of equal numbers": lambda: slopes(
        lambda x: torch.std(x, correction=0), [2.0, 2.0]
    ),
    "arctan2(0, 0)": lambda: by_base(torch.arctan2, 0.0, 0.0),
    "hypot(0, 0)": lambda: slopes(torch.hypot, 0.0, 0.0),
    "logaddexp of two -inf: half each": lambda: slopes(torch.logaddexp, -inf, -inf),
    "logsumexp of nothing but -inf": lambda: slopes(lambda x: torch.logsumexp(x, 0), [-inf, -inf]),
    "kl_div by a target of 0: t log t counts as flat there": lambda: slopes(
        lambda t: F.kl_div(torch.tensor([-1.0]).double(), t, reduction="sum"), [0.0]
    ),
    "the determinant of a singular matrix": lambda: slopes(
        torch.linalg.det, [[2.0, 0.0], [1.0, 0.0]]
    ),
    "nan_to_num where something was replaced": lambda: slopes(torch.nan_to_num, [nan, inf, 1.0]),
    "fmax of nan and a number: to the number": lambda: slopes(torch.fmax, nan, 1.0),
    "where, with an infinite slope in the branch not taken": lambda: slopes(
        lambda x: torch.where(x > 0, torch.log(x), 0.0), 0.0
    ),
    "and its cure: make that branch safe": lambda: slopes(safe_log, 0.0),
    "an infinite gradient at a place that was not chosen": pulled_infinite,
    "an input that the output does not depend on": lambda: slopes(lambda x, y: x * x, 2.0, 1.0),
    "a number read twice: contributions add": lambda: slopes(lambda x: x[[0, 0]], [1.0, 2.0]),
    "a symmetric matrix: shared between both triangles": lambda: slopes(
        lambda a: torch.linalg.cholesky(a)[1, 0], [[4.0, 2.0], [2.0, 5.0]]
    ),
    "integers have no gradient": lambda: [torch.tensor([1, 2]).requires_grad],
}
ANOTHER_WAY = {"backward called twice: leaves add up"}  # no number of PyTorch's to compare
UNDEFINED = {"a place written twice: the last one counts"}


@pytest.mark.parametrize(("what", "code", "number", "elsewhere"), rows())
def test_what_the_page_says_of_pytorch_is_so(what, code, number, elsewhere):
    if what in ANOTHER_WAY:
        assert elsewhere.startswith("raises")
        x = torch.tensor(2.0, requires_grad=True)
        y = x * x
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()
        return
    if what in UNDEFINED:
        assert elsewhere == "leaves it undefined"
        return
    ours = eval(number, dict(NAMES))
    ours = list(ours) if isinstance(ours, tuple) else [ours]
    theirs = PYTORCH[what]()
    same = len(ours) == len(theirs) and all(
        b is not None and np.allclose(a, b, rtol=1e-12, equal_nan=True)
        for a, b in zip(ours, theirs, strict=True)
    )
    assert same == (elsewhere == "same"), theirs
