"""The graph of single numbers behind arrays: the same numbers, the same gradients, with names."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, losses, nn, viz
from microtensor.errors import ArgumentError, GradientError, GraphTooLargeError
from microtensor.viz import spelling

RNG = np.random.default_rng(0)


def value(*shape):
    return Value(RNG.standard_normal(shape), name="x")


def net(x):
    return nn.MLP(2, [3, 3], rng=0, dtype=np.float64)(x)


EXPRESSIONS = {
    "matmul": lambda: (value(2, 3) @ value(3, 2)).sum(),
    "batched matmul": lambda: (value(2, 2, 3) @ value(2, 3, 2)).sum(),
    "a vector by a matrix": lambda: (value(3) @ value(3, 2)).sum(),
    "sums along axes": lambda: (value(2, 3).sum(axis=1) * value(2)).sum(),
    "keepdims": lambda: (value(2, 3) / np.sum(np.exp(value(2, 3)), axis=0, keepdims=True)).sum(),
    "mean": lambda: np.mean(value(3, 4) ** 2),
    "variance": lambda: np.var(value(5)),
    "maximum": lambda: np.max(value(3, 3), axis=1).sum(),
    "product": lambda: np.prod(value(4)),
    "softmax": lambda: (mt.softmax(value(2, 3), axis=1) * value(2, 3)).sum(),
    "softmax of large numbers": lambda: mt.softmax(1000 * value(3))[0],
    "logsumexp": lambda: mt.logsumexp(value(2, 3), axis=1).sum(),
    "cross-entropy": lambda: losses.cross_entropy(net(value(4, 2)), np.array([0, 1, 2, 1])),
    "mean squared error": lambda: losses.mse(net(value(4, 2)), np.ones((4, 3))),
    "convolution": lambda: (mt.conv2d(value(2, 2, 5, 5), value(4, 1, 3, 3), value(4), stride=2,
                                      padding=1, groups=2) ** 2).sum(),
    "convolution of sequences": lambda: mt.conv1d(value(1, 2, 6), value(3, 2, 2)).sum(),
    "pooling": lambda: (mt.max_pool2d(value(1, 2, 4, 4), 2) ** 2).sum(),
    "averages of windows": lambda: (mt.avg_pool2d(value(1, 2, 4, 4), 2) ** 2).sum(),
    "batch normalisation": lambda: (nn.BatchNorm1d(3, dtype=np.float64)(value(4, 3)) ** 3).sum(),
    "indices that repeat": lambda: value(4)[[0, 0, 2]].sum(),
    "shapes": lambda: (np.concatenate([value(2, 3).T.reshape(2, 3), value(1, 3)]) ** 2).sum(),
    "einsum": lambda: np.einsum("ij,jk->ik", value(2, 3), value(3, 2)).sum(),
    "running sums": lambda: np.cumsum(value(4))[2] ** 2,
    "activations": lambda: (mt.gelu(value(3)) * mt.elu(value(3)) + mt.softplus(value(3))).sum(),
    "ufuncs": lambda: np.hypot(value(3), np.arctan2(value(3), 2.0)).sum(),
    "dropout": lambda: (nn.Dropout(0.5, rng=0)(value(6)) ** 2).sum(),
    "a choice": lambda: np.where(value(3) > 0, value(3), value(3) ** 2).sum(),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_numbers_and_gradients_are_those_of_the_arrays(name):
    y = EXPRESSIONS[name]()
    unrolled = mt.unroll(y)
    assert unrolled.shape == ()
    assert np.isclose(float(unrolled), float(y), rtol=1e-9, atol=1e-7)
    taken = viz.snapshot(unrolled)
    assert taken.is_scalar
    given = {id(node) for node in mt.graph.ancestors(y) if node.fn is None and node.requires_grad}
    sizes = sum(node.size for node in mt.graph.ancestors(y) if id(node) in given)
    leaves = [n for n in taken.nodes if n.op is None and n.requires_grad]
    assert 0 < len(leaves) <= sizes


def test_entries_are_named_by_their_places():
    x, w = Value([1.0, 2.0], name="x"), Value([[3.0, 4.0]], name="W")
    y = mt.unroll((w @ x).sum())
    names = {n.name for n in viz.snapshot(y).nodes if n.op is None}
    assert names == {"x[0]", "x[1]", "W[0,0]", "W[0,1]"}


def test_parameters_go_by_their_paths_and_calls_by_their_modules():
    model = nn.MLP(2, [2, 1], rng=0)
    taken = viz.snapshot(mt.unroll(losses.mse(model(np.ones((1, 2))), np.zeros((1, 1)))))
    names = {n.name for n in taken.nodes if n.op is None}
    assert {"layers.0.weight[0,1]", "layers.1.bias[0]"} <= names
    assert [g.title for g in taken.groups][1:] == ["layer 0 · Layer(2→2)", "layer 1 · Layer(2→1)"]


def test_numbers_of_parameters_are_parameters():
    """Of a model, by their class; without a model, by their names, as in other pictures."""
    net = mt.nn.Linear(2, 1, rng=np.random.default_rng(0), dtype=float)
    x = mt.Value([1.0, 2.0], name="x")
    kinds = {n.name: n.kind for n in mt.viz.snapshot(mt.unroll(net(x).sum())).nodes if n.name}
    assert kinds == {
        "x[0]": "input", "x[1]": "input", "bias[0]": "param",
        "weight[0,0]": "param", "weight[0,1]": "param",
    }  # fmt: skip
    W, b = mt.Value([[1.0, 2.0]], name="W"), mt.Value([0.5])
    y = mt.unroll((W @ x + b).sum(), names={"b1": b})
    kinds = {n.name: n.kind for n in mt.viz.snapshot(y).nodes if n.name}
    assert kinds == {
        "x[0]": "input", "x[1]": "input", "b1[0]": "param", "W[0,0]": "param", "W[0,1]": "param",
    }  # fmt: skip


def test_an_array_gives_an_array_of_values():
    y = mt.unroll(mt.tanh(Value([[0.5, 1.0]], name="x")))
    assert y.shape == (1, 2)
    assert float(y[0, 1]) == float(np.tanh(1.0))
    assert y[0, 1].args[0].name == "x[0,1]"


def test_the_original_graph_is_left_as_it_is():
    x = value(3)
    y = (x * x).sum()
    mt.unroll(y)
    assert x.grad is None
    assert [node.name for node in (x, y)] == ["x", None]


def test_what_is_unrolled_is_explained_like_any_other_graph():
    x, w = Value([1.0, 2.0], name="x"), Value([3.0, 4.0], name="w")
    told = str(mt.explain(mt.unroll(w @ x)))
    assert "t1 = w[0]·x[0] = 3·1 = 3" in told
    assert "∂t3/∂w[1] = ∂t3/∂t2 × ∂t2/∂w[1] = 1 × [x[1] = 2] = 2" in told


def test_a_wrong_rule_is_found_out():
    @mt.primitive
    def double(x):
        return 2 * x

    mt.differentiable(double, lambda g, y, x: 3 * g)
    spelling._SPELLED[double] = lambda x: 2 * x
    try:
        with pytest.raises(GradientError) as error:
            mt.unroll(double(Value([1.0, 2.0], name="x")).sum())
    finally:
        del spelling._SPELLED[double]
    assert str(error.value) == (
        "unroll: the gradient of x is another one number by number.\n"
        "  expected  3, as of the arrays\n"
        "  got       2\n"
        "  One of the rules is wrong: mt.check_gradients tells which."
    )


REFUSED = [
    (lambda: mt.unroll(3.0), ArgumentError,
     "unroll: the output must be a Value.\n"
     "  expected  a Value, such as a loss\n  got       float"),
    (lambda: mt.unroll(np.linalg.inv(Value(np.eye(2))).sum()), ArgumentError,
     "unroll: numpy.linalg.inv is not known number by number.\n"
     "  expected  moves, sums, products, activations, softmax, convolutions and what they make up\n"
     "  got       numpy.linalg.inv\n"
     "  Unroll a part of the expression, before or after it."),
    (lambda: mt.unroll(Value(np.ones(20)).sum(), limit=10), GraphTooLargeError,
     "unroll: the graph would have more than 21 numbers.\n"
     "  expected  at most 10\n  got       21 entries of arrays\n"
     "  Take a smaller batch, a smaller model, or one row of its output."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_cannot_be_unrolled_is_refused(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message
