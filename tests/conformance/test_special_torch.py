"""SciPy's functions have the values and derivatives, first and second, of torch.special's.

Outside of the normal run: ``python -m pytest tests/conformance`` where PyTorch is installed.
"""

import numpy as np
import pytest

import microtensor as mt

torch = pytest.importorskip("torch")
special = pytest.importorskip("scipy.special")
theirs = torch.special

X = np.array([-30.0, -12.0, -3.0, -1.0, -0.5, 0.0, 0.1, 0.9, 1.0, 2.5, 6.0])
OFF_POLES = np.array([-5.5, -1.2, -0.7, 0.1, 0.9, 1.0, 2.5, 6.0])
POSITIVE = np.array([0.01, 0.1, 0.9, 1.0, 2.5, 6.0])
UNIT = np.array([0.02, 0.3, 0.5, 0.9, 0.98])
EDGES = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
A, B = (x.ravel() for x in np.meshgrid([0.0, -1.0, 0.5, 2.0], [-0.5, 0.5, 1.0, 2.0]))
WEIGHTS = np.arange(11.0)

# ours, PyTorch's, inputs
FUNCTIONS = {
    **{
        name: (getattr(special, name), getattr(theirs, name), x)
        for x, names in (
            (X, "erf erfc entr expit exp2 expm1 i0 i0e i1 i1e log_ndtr ndtr"),
            (X[2:], "erfcx"),
            (OFF_POLES, "gammaln digamma"),
            (POSITIVE, "log1p"),
            (2 * UNIT - 1, "erfinv"),
            (UNIT, "logit ndtri"),
        )
        for name in names.split()
    },
    "logit, edges": (special.logit, theirs.logit, EDGES),
    "ndtri, edges": (special.ndtri, theirs.ndtri, EDGES),
    "xlogy": (special.xlogy, theirs.xlogy, A, B),
    "xlog1py": (special.xlog1py, theirs.xlog1py, A, B),
    **{
        f"polygamma({n}, x)": (
            lambda x, n=n: mt.special.polygamma(n, x), lambda x, n=n: theirs.polygamma(n, x),
            POSITIVE,
        )
        for n in (0, 1, 2, 3)
    },
    "multigammaln": (
        lambda x: mt.special.multigammaln(x, 3), lambda x: theirs.multigammaln(x, 3), POSITIVE + 1.5
    ),
    **{
        f"{name}(2.5, x)": (
            lambda x, name=name: getattr(special, name)(2.5, x),
            lambda x, name=name: getattr(theirs, name)(torch.full_like(x, 2.5), x), POSITIVE,
        )
        for name in ("gammainc", "gammaincc", "zeta")
    },
    "logsumexp": (
        lambda x: mt.special.logsumexp(x, 0), lambda x: theirs.logsumexp(x, 0), X
    ),
    "softmax": (
        lambda x: mt.special.softmax(x, 0) * WEIGHTS,
        lambda x: theirs.softmax(x, 0) * torch.tensor(WEIGHTS), X,
    ),
    "log_softmax": (
        lambda x: mt.special.log_softmax(x, 0) * WEIGHTS,
        lambda x: theirs.log_softmax(x, 0) * torch.tensor(WEIGHTS), X,
    ),
}  # fmt: skip
LOOSE = {"gammaln": 1e-8, "digamma": 1e-8, "multigammaln": 1e-8, "polygamma(0, x)": 1e-8,
         "polygamma(1, x)": 1e-8, "log_ndtr": 1e-9, "i1e": 1e-7}  # fmt: skip  # PyTorch's own error


def ours(fn, inputs):
    """Give the value, and the first and second derivatives by each input, of the sum."""
    places = tuple(range(len(inputs)))
    first = mt.grad(lambda *xs: np.sum(fn(*xs)), places)
    with np.errstate(all="ignore"):
        return (
            fn(*inputs),
            *first(*inputs),
            *(mt.grad(lambda *xs, n=n: np.sum(first(*xs)[n]), n)(*inputs) for n in places),
        )


def pytorchs(fn, inputs):
    xs = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = fn(*xs)
    first = torch.autograd.grad(y.sum(), xs, create_graph=True)
    second = []
    for g, x in zip(first, xs, strict=True):
        found = torch.autograd.grad(g.sum(), x, retain_graph=True, allow_unused=True)[0]
        second.append(torch.zeros_like(x) if found is None else found)
    return [t.detach().numpy() for t in (y, *first, *second)]


@pytest.mark.filterwarnings("ignore::microtensor.errors.DisconnectedWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_derivatives_are_those_of_torch_special(name):
    fn, their, *inputs = FUNCTIONS[name]
    for found, expected in zip(ours(fn, inputs), pytorchs(their, inputs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=LOOSE.get(name, 1e-11), atol=1e-13)


def test_another_derivative_is_noticed(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "wrong", (special.erf, lambda x: theirs.erf(1.01 * x), X))
    with pytest.raises(AssertionError):
        test_value_and_derivatives_are_those_of_torch_special("wrong")
