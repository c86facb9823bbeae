"""Functions have PyTorch's values and gradients, at kinks and far out too.

Outside of the normal run: ``python -m pytest tests/conformance`` where PyTorch is installed.
"""

import numpy as np
import pytest

import microtensor as mt

torch = pytest.importorskip("torch")
F = torch.nn.functional

# Kinks, zeros, ordinary numbers and far ones
X = np.array([-1000.0, -20.0, -3.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.5, 20.0, 1000.0])
SMALL, ABOVE = np.array([-0.9, -0.3, 0.0, 0.6]), np.array([1.5, 2.0, 30.0])
POSITIVE = np.array([0.0, 1e-300, 0.5, 1.0, 7.0])
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, 5.0]])
A, B = np.array([1.0, 2.0, 2.0, -0.5, 0.0]), np.array([2.0, 1.0, 2.0, 3.0, 0.0])
M, N = np.arange(6.0).reshape(2, 3) - 2, np.arange(12.0).reshape(3, 4) / 5
ZEROS = np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 2.0], [1.0, 2.0, 3.0]])
INDEX = np.array([2, 0, 2, -1])

# ours, PyTorch's, inputs
FUNCTIONS = {
    "relu": (mt.relu, F.relu, X),
    "leaky_relu": (mt.leaky_relu, F.leaky_relu, X),
    "leaky_relu, slope": (lambda x: mt.leaky_relu(x, 0.3), lambda x: F.leaky_relu(x, 0.3), X),
    "elu": (mt.elu, F.elu, X),
    "elu, alpha": (lambda x: mt.elu(x, 1.7), lambda x: F.elu(x, 1.7), X),
    "sigmoid": (mt.sigmoid, torch.sigmoid, X),
    "softplus": (mt.softplus, lambda x: F.softplus(x, threshold=1e9), X[1:-1]),
    "silu": (mt.silu, F.silu, X),
    "gelu": (mt.gelu, F.gelu, X[1:-1]),
    "gelu, tanh": (
        lambda x: mt.gelu(x, "tanh"), lambda x: F.gelu(x, approximate="tanh"), X[1:-1],
    ),
    "tanh": (np.tanh, torch.tanh, X),
    "softmax": (mt.softmax, lambda x: F.softmax(x, -1), X),
    "softmax, axis 0": (lambda x: mt.softmax(x, 0), lambda x: F.softmax(x, 0), TIES),
    "log_softmax": (mt.log_softmax, lambda x: F.log_softmax(x, -1), X),
    "logsumexp": (lambda x: mt.logsumexp(x, 1), lambda x: torch.logsumexp(x, 1), TIES),
    "linear": (mt.ops.linear, F.linear, M, N.T, A[:4]),
    "cross_entropy": (
        lambda x: mt.ops.softmax_cross_entropy(x, np.array([2, 0, 1])),
        lambda x: F.cross_entropy(x, torch.tensor([2, 0, 1])), TIES,
    ),
    "abs": (np.abs, torch.abs, X),
    "square": (np.square, torch.square, X),
    "reciprocal": (np.reciprocal, torch.reciprocal, X),
    "exp": (np.exp, torch.exp, X[1:-1]),
    "exp2": (np.exp2, torch.exp2, X[1:-1]),
    "expm1": (np.expm1, torch.expm1, X[1:-1]),
    "log": (np.log, torch.log, POSITIVE),
    "log2": (np.log2, torch.log2, POSITIVE),
    "log10": (np.log10, torch.log10, POSITIVE),
    "log1p": (np.log1p, torch.log1p, POSITIVE),
    "sqrt": (np.sqrt, torch.sqrt, POSITIVE),
    "sin": (np.sin, torch.sin, X),
    "cos": (np.cos, torch.cos, X),
    "tan": (np.tan, torch.tan, SMALL),
    "arcsin": (np.arcsin, torch.arcsin, SMALL),
    "arccos": (np.arccos, torch.arccos, SMALL),
    "arctan": (np.arctan, torch.arctan, X),
    "sinh": (np.sinh, torch.sinh, X[1:-1]),
    "cosh": (np.cosh, torch.cosh, X[1:-1]),
    "arcsinh": (np.arcsinh, torch.arcsinh, X),
    "arccosh": (np.arccosh, torch.arccosh, ABOVE),
    "arctanh": (np.arctanh, torch.arctanh, SMALL),
    "maximum": (np.maximum, torch.maximum, A, B),
    "minimum": (np.minimum, torch.minimum, A, B),
    "divide": (np.divide, torch.divide, A, [*B[:4], 1.0]),
    "power": (np.power, torch.pow, np.array([0.0, 0.0, 2.0, 2.0]), np.array([0.0, 2.0, 0.0, -1.5])),
    "x ** 0": (lambda x: x**0, lambda x: x**0, X),
    "x ** 2": (lambda x: x**2, lambda x: x**2, X),
    "x ** 0.5": (lambda x: x**0.5, lambda x: x**0.5, POSITIVE),
    "x ** -1": (lambda x: x**-1, lambda x: x**-1, POSITIVE),
    "2 ** x": (lambda x: 2**x, lambda x: 2**x, X[1:-1]),
    "0 ** x": (lambda x: 0.0**x, lambda x: 0.0**x, POSITIVE),
    "arctan2": (np.arctan2, torch.arctan2, A[:4], B[:4]),
    "logaddexp": (np.logaddexp, torch.logaddexp, X, X[::-1].copy()),
    "remainder": (np.remainder, torch.remainder, A[:4] * 5, np.array([0.7, -0.7, 3.0, 0.3])),
    "clip": (lambda x: np.clip(x, 0.0, 1.0), lambda x: torch.clamp(x, 0.0, 1.0), X),
    "clip, low above high": (np.clip, torch.clamp, A, B, A[::-1].copy()),
    "clip, arrays": (np.clip, torch.clamp, np.array([0.0, 1, 2, 3, 4]), A, B),
    "where": (
        lambda a, b: np.where(a > 0, a, b), lambda a, b: torch.where(a > 0, a, b), A, B,
    ),
    "where, masked log": (
        lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0),
        lambda x: torch.where(x > 0, torch.log(torch.where(x > 0, x, 1.0)), 0.0), X,
    ),
    "max": (np.max, torch.amax, TIES),
    "max, axis": (lambda x: np.max(x, 1), lambda x: torch.amax(x, 1), TIES),
    "min, axis": (lambda x: np.min(x, 1), lambda x: torch.amin(x, 1), TIES),
    "prod": (lambda x: np.prod(x, axis=1), lambda x: torch.prod(x, 1), ZEROS),
    "mean": (lambda x: np.mean(x, 0), lambda x: torch.mean(x, 0), TIES),
    "var": (lambda x: np.var(x, 1, ddof=1), lambda x: torch.var(x, 1), TIES),
    "std": (lambda x: np.std(x, 1, ddof=1), lambda x: torch.std(x, 1), TIES),
    "cumsum": (lambda x: np.cumsum(x, 1), lambda x: torch.cumsum(x, 1), TIES),
    "matmul": (np.matmul, torch.matmul, M, N),
    "tensordot": (
        lambda a, b: np.tensordot(a, b, ((1,), (0,))),
        lambda a, b: torch.tensordot(a, b, dims=([1], [0])), M, N,
    ),
    "einsum": (
        lambda a, b: np.einsum("ij,jk->ki", a, b), lambda a, b: torch.einsum("ij,jk->ki", a, b),
        M, N,
    ),
    "index": (lambda x: x[INDEX], lambda x: x[torch.tensor(INDEX)], N.T),
    "take_along_axis": (
        lambda x: np.take_along_axis(x, np.array([[2, 0, 2]] * 3), 1),
        lambda x: torch.take_along_dim(x, torch.tensor([[2, 0, 2]] * 3), 1), TIES,
    ),
    "roll": (lambda x: np.roll(x, (1, -1), (0, 1)), lambda x: torch.roll(x, (1, -1), (0, 1)), N),
    "tril": (lambda x: np.tril(x, -1), lambda x: torch.tril(x, -1), TIES),
    "diagonal": (lambda x: np.diagonal(x, 1), lambda x: torch.diagonal(x, 1), TIES),
    "pad, reflect": (
        lambda x: np.pad(x, ((0, 0), (1, 2)), "reflect"),
        lambda x: F.pad(x, (1, 2), "reflect"), TIES,
    ),
    "repeat": (
        lambda x: np.repeat(x, 2, 1), lambda x: torch.repeat_interleave(x, 2, 1), TIES,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _numpy_may_meet_infinity():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_dtypes_and_gradients_are_pytorchs(name, dtype):
    ours, theirs, *inputs = FUNCTIONS[name]
    inputs = [np.asarray(x, dtype=dtype) for x in inputs]
    values = [mt.Value(x) for x in inputs]
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    y, t = ours(*values), theirs(*tensors)
    u = np.random.default_rng(0).uniform(0.5, 1.5, np.shape(y.data)).astype(dtype)
    y.backward(u)
    t.backward(torch.tensor(u))
    # Both round each of some dozen operations; exp far out magnifies that by its argument.
    eps = float(np.finfo(dtype).eps)
    assert y.data.dtype == t.detach().numpy().dtype == dtype
    np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=100 * eps, atol=100 * eps)
    for n, (v, s) in enumerate(zip(values, tensors, strict=True)):
        g = s.grad.numpy()
        size = np.max(np.abs(g), initial=1.0, where=np.isfinite(g))
        np.testing.assert_allclose(
            v.grad, g, rtol=100 * eps, atol=100 * eps * size, err_msg=f"operand {n}"
        )


ELEMENTWISE = [
    name
    for name, (_, _, x, *_) in FUNCTIONS.items()
    if x.ndim == 1 and "softmax" not in name and name != "logsumexp"  # these see all entries
]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_python_numbers_have_pytorchs_values_and_gradients(name):
    ours, theirs, *inputs = FUNCTIONS[name]
    for numbers in zip(*inputs, strict=True):
        values = [mt.Value(float(x)) for x in numbers]
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
        y, t = ours(*values), theirs(*tensors)
        y.backward()
        t.backward()
        np.testing.assert_allclose(y.data, t.item(), rtol=1e-13, atol=1e-15)
        for v, s in zip(values, tensors, strict=True):
            np.testing.assert_allclose(v.grad, s.grad.item(), rtol=1e-12, atol=1e-15)


def test_the_comparison_objects_to_another_function(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "wrong", (mt.relu, F.silu, X))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_values_dtypes_and_gradients_are_pytorchs("wrong", np.float64)
