"""A softmax in front of a loss that applies softmax is refused, wherever the graph shows it."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, losses, nn, optim, train
from microtensor.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(4, 3))
LABELS = np.array([0, 2, 1, 0])
SHARES = np.full((4, 3), 1 / 3)

SCORES = "scores, any real numbers, such as nn.Linear gives"
WRONG = [
    (
        "cross_entropy",
        "softmax",
        lambda p: losses.cross_entropy(p, LABELS),
        f"{SCORES}: softmax is part of the loss",
        "Leave out the model's last softmax, and use mt.softmax(scores) where probabilities are "
        "wanted.",
    ),
    (
        "binary_cross_entropy_with_logits",
        "sigmoid",
        lambda p: losses.binary_cross_entropy_with_logits(p, SHARES),
        f"{SCORES}: sigmoid is part of the loss",
        "Leave out the model's last sigmoid, or pass its output to losses.binary_cross_entropy.",
    ),
    (
        "nll",
        "softmax",
        lambda p: losses.nll(p, LABELS),
        "logarithms of probabilities",
        "Pass mt.log_softmax(scores), or the scores themselves to losses.cross_entropy.",
    ),
    (
        "kl_div",
        "softmax",
        lambda p: losses.kl_div(p, SHARES),
        "logarithms of probabilities",
        "Pass mt.log_softmax(scores).",
    ),
]


@pytest.mark.parametrize(
    "model",
    [
        lambda act, module: act(Value(X)),
        lambda act, module: act(Value(X)).astype(np.float32),
        lambda act, module: act(Value(X.reshape(2, 2, 3))).reshape(-1, 3),
        lambda act, module: nn.Sequential(nn.Linear(3, 3, rng=0), module())(X),
    ],
    ids=["function", "converted", "reshaped", "Sequential"],
)
@pytest.mark.parametrize(
    ("loss", "made", "f", "expected", "hint"), WRONG, ids=[w[0] for w in WRONG]
)
def test_what_is_done_by_the_loss_is_not_done_before(model, loss, made, f, expected, hint):
    module = {"softmax": nn.Softmax, "sigmoid": nn.Sigmoid}[made]
    with pytest.raises(ArgumentError) as error:
        f(model(getattr(mt, made), module))
    assert str(error.value) == (
        f"{loss}: the prediction was made by {made}.\n"
        f"  expected  {expected}\n"
        f"  got       probabilities of shape (4, 3), the output of {made}\n"
        f"  {hint}"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: losses.cross_entropy(mt.softmax(Value(X[0])), 1),
        lambda: losses.cross_entropy(mt.softmax(Value(X), 1), SHARES),
        lambda: losses.cross_entropy(mt.softmin(Value(X)), LABELS, reduction="sum"),
        lambda: losses.cross_entropy(mt.softmax(Value(X[:, :, None]), axis=1), LABELS[:, None]),
        lambda: losses.cross_entropy(nn.Softmax(dim=-2)(Value(X[:, :, None])), LABELS[:, None]),
        lambda: losses.nll(mt.softmax(Value(X), axis=0), LABELS),  # no logarithms in any case
        lambda: losses.kl_div(mt.softmax(Value(X.T)).reshape(4, 3), SHARES),
        lambda: losses.nll(mt.softmax(Value(X))[LABELS != 1], LABELS[LABELS != 1]),
    ],
)
def test_every_shape_and_option_is_looked_at(wrong):
    with pytest.raises(ArgumentError, match="was made by softmax"):
        wrong()


@pytest.mark.parametrize(
    "of_one_column",
    [lambda p: p[:, 0], lambda p: np.squeeze(p, 1), lambda p: p.astype(np.float32).ravel()],
)
def test_a_sigmoid_of_one_column_is_looked_at(of_one_column):
    p = of_one_column(mt.sigmoid(Value(X[:, :1])))
    with pytest.raises(
        ArgumentError, match=r"probabilities of shape \(4,\), the output of sigmoid"
    ):
        losses.binary_cross_entropy_with_logits(p, SHARES[:, 0])


@pytest.mark.parametrize(
    "right",
    [
        lambda v: losses.cross_entropy(mt.log_softmax(v), LABELS),  # the same, for it changes none
        lambda v: losses.cross_entropy(mt.softmax(v, axis=0), LABELS),  # not over the classes
        lambda v: losses.cross_entropy(mt.softmax(v.reshape(3, 4)).reshape(4, 3), LABELS),
        lambda v: losses.cross_entropy(
            mt.softmax(np.stack([v, -v], axis=2)), np.stack([LABELS, LABELS], axis=1)
        ),
        lambda v: losses.cross_entropy(mt.softmax(v[:, :, None] + [0.0, 1.0])[:, :, 0], LABELS),
        lambda v: losses.cross_entropy(4 * mt.softmax(v), LABELS),  # a temperature: meant
        lambda v: losses.cross_entropy(v, mt.softmax(v)),
        lambda v: losses.cross_entropy(mt.sigmoid(v), LABELS),
        lambda v: losses.nll(np.log(mt.softmax(v)), LABELS),
        lambda v: losses.kl_div(mt.log_softmax(v), mt.softmax(v)),
        lambda v: losses.binary_cross_entropy(mt.sigmoid(v), SHARES),
        lambda v: losses.binary_cross_entropy_with_logits(v, mt.sigmoid(v)),
    ],
)
def test_what_may_be_meant_is_left(right):
    v = Value(X)
    right(v).backward()
    assert np.any(v.grad != 0)


def test_log_softmax_in_front_changes_no_number():
    v, w = Value(X), Value(X)
    once, again = losses.cross_entropy(v, LABELS), losses.cross_entropy(mt.log_softmax(w), LABELS)
    once.backward()
    again.backward()
    np.testing.assert_allclose(once.data, again.data, rtol=1e-12)
    np.testing.assert_allclose(v.grad, w.grad, atol=1e-15)


def test_a_second_softmax_is_what_learns_slowly():
    """Why it is refused: at its best, the loss is far from 0, and its slope is small."""
    certain = Value(100.0 * np.eye(3)[LABELS])
    assert losses.cross_entropy(certain, LABELS).data < 1e-12
    assert losses.cross_entropy(mt.softmax(certain).data, LABELS) > 0.55


def test_training_is_stopped_at_the_first_batch():
    net = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Softmax())
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(ArgumentError, match="was made by softmax"):
        train.fit(net, losses.cross_entropy, (X, LABELS), optimizer=optimizer, epochs=1)
    with pytest.raises(ArgumentError, match="was made by softmax"):
        mt.compile(lambda x: losses.cross_entropy(net(x), LABELS))(X)
