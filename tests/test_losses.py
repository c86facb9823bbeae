"""Losses: each against a plain formula of its own, its gradients against differences."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses
from microtensor.errors import GradientCheckError

RNG = np.random.default_rng(0)
P, T = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
PROBABILITY, BITS = RNG.uniform(0.3, 0.7, (4, 3)), RNG.integers(0, 2, (4, 3))
SIGNS = 2 * BITS - 1
LABELS = np.array([2, 0, 1, 1])
SHARES = np.exp(T) / np.exp(T).sum(axis=1, keepdims=True)


def rows_of_cross_entropy(x, labels, smoothing=0.0):
    """Minus the expected log-probability, row by row, in Python's own arithmetic."""
    rows = []
    for i, scores in enumerate(x):
        total = sum(math.exp(s) for s in scores)
        log_p = [math.log(math.exp(s) / total) for s in scores]
        share = labels[i]
        if np.ndim(labels) == 1:
            share = [float(c == labels[i]) for c in range(len(scores))]
        share = [(1 - smoothing) * s + smoothing / len(scores) for s in share]
        rows.append(-sum(s * lp for s, lp in zip(share, log_p, strict=True)))
    return np.array(rows)


def entries(formula, p, t):
    pairs = zip(np.ravel(p), np.ravel(t), strict=True)
    return np.array([formula(float(a), float(b)) for a, b in pairs]).reshape(np.shape(p))


def log_loss(p, t):
    return -(t * math.log(p) + (1 - t) * math.log(1 - p))


# (loss, options, prediction, target, what each row should be)
TABLE = [
    (losses.mse, {}, P, T, entries(lambda p, t: (p - t) ** 2, P, T)),
    (losses.l1, {}, P, T, entries(lambda p, t: abs(p - t), P, T)),
    (losses.hinge, {}, P, SIGNS, entries(lambda p, t: max(0.0, 1 - t * p), P, SIGNS)),
    (losses.binary_cross_entropy, {}, PROBABILITY, BITS, entries(log_loss, PROBABILITY, BITS)),
    (losses.binary_cross_entropy, {}, PROBABILITY, SHARES, entries(log_loss, PROBABILITY, SHARES)),
    (
        losses.binary_cross_entropy_with_logits,
        {},
        P,
        SHARES,
        entries(lambda x, t: log_loss(1 / (1 + math.exp(-x)), t), P, SHARES),
    ),
    (losses.cross_entropy, {}, P, LABELS, rows_of_cross_entropy(P, LABELS)),
    (losses.cross_entropy, {}, P, SHARES, rows_of_cross_entropy(P, SHARES)),
    (
        losses.cross_entropy,
        {"label_smoothing": 0.1},
        P,
        LABELS,
        rows_of_cross_entropy(P, LABELS, 0.1),
    ),
    (
        losses.cross_entropy,
        {"label_smoothing": 0.3},
        P,
        SHARES,
        rows_of_cross_entropy(P, SHARES, 0.3),
    ),
]
NAMES = [f"{row[0].__name__}-{row[1]}-{row[3].dtype}{row[3].shape}" for row in TABLE]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_loss_is_its_formula(row, reduction):
    loss, options, prediction, target, expected = row
    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](expected)
    for given in (prediction, mt.Value(prediction)):
        found = loss(given, target, reduction=reduction, **options)
        assert np.allclose(getattr(found, "_data", found), expected, rtol=1e-12)
    assert loss(prediction.tolist(), target.tolist(), **options) is not None


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_the_gradients_of_a_loss_agree_with_differences(row, reduction):
    loss, options, prediction, target, _ = row
    order = 1 if loss in (losses.l1, losses.hinge) else 2

    def of_prediction(p):
        return loss(p, target, reduction=reduction, **options)

    assert mt.check_gradients(of_prediction, prediction, order=order)


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_float32_stays_float32_and_numbers_keep_their_precision(row):
    loss, options, prediction, target, expected = row
    narrow = mt.Value(prediction.astype(np.float32))
    found = loss(narrow, target, **options)
    found.backward()
    assert found.dtype == np.float32
    assert narrow.grad.dtype == np.float32
    assert np.allclose(float(found), np.mean(expected), rtol=1e-5)


def test_the_check_of_gradients_objects_to_a_wrong_loss():
    @mt.primitive
    def wrong_mse(p, t):
        return np.mean((p - t) ** 2)

    mt.differentiable(wrong_mse, lambda g, y, p, t: g * (p - t), lambda g, y, p, t: g * (t - p))
    with pytest.raises(GradientCheckError):
        mt.check_gradients(lambda p: wrong_mse(p, T), P)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (losses.mse, T),
        (losses.l1, T),
        (losses.binary_cross_entropy_with_logits, PROBABILITY),
        (lambda p, t: losses.binary_cross_entropy(mt.sigmoid(p), t), PROBABILITY),
        (lambda p, t: losses.cross_entropy(p, mt.softmax(t)), T),
    ],
)
def test_targets_have_gradients_too(loss, target):
    assert mt.check_gradients(loss, P, target)


# Identities


def test_one_hot_probabilities_are_labels():
    one_hot = np.eye(3)[LABELS]
    for options in ({}, {"reduction": "none"}, {"label_smoothing": 0.2}):
        by_label = losses.cross_entropy(P, LABELS, **options)
        assert np.allclose(losses.cross_entropy(P, one_hot, **options), by_label, rtol=1e-12)


def test_one_row_is_a_batch_of_one():
    for labels in (LABELS, SHARES):
        for options in ({}, {"reduction": "sum"}, {"label_smoothing": 0.2}):
            batch = losses.cross_entropy(P[:1], labels[:1], **options)
            assert np.allclose(losses.cross_entropy(P[0], labels[0], **options), batch)
    assert np.shape(losses.cross_entropy(P[0], 2, reduction="none")) == ()


def test_two_classes_are_a_sigmoid():
    x, t = P[:, 0], BITS[:, 0]
    two = np.stack([np.zeros_like(x), x], axis=1)
    assert np.allclose(losses.cross_entropy(two, t), losses.binary_cross_entropy_with_logits(x, t))


def test_logits_and_probabilities_agree():
    with_logits = losses.binary_cross_entropy_with_logits(P, BITS)
    assert np.allclose(losses.binary_cross_entropy(mt.sigmoid(P), BITS), with_logits)


def test_uniform_logits_cost_log_c():
    assert np.isclose(losses.cross_entropy(np.zeros((5, 7)), np.arange(5)), math.log(7))


def test_hinge_is_the_loss_of_micrograd():
    scores, labels = [mt.Value(0.5), mt.Value(-2.0)], [1, 1]
    total = sum((1 + -y * s).relu() for s, y in zip(scores, labels, strict=True)) * 0.5
    total.backward()
    stacked = mt.Value(np.array([0.5, -2.0]))
    ours = losses.hinge(stacked, labels)
    ours.backward()
    assert float(ours) == float(total)
    assert stacked.grad.tolist() == [s.grad for s in scores]


# Ends of the range


@pytest.mark.parametrize(("x", "t"), [(800.0, 0.0), (-800.0, 1.0), (800.0, 1.0), (-800.0, 0.0)])
def test_logits_of_any_size_are_safe(x, t):
    value = mt.Value(np.array([x]))
    loss = losses.binary_cross_entropy_with_logits(value, [t])
    loss.backward()
    wrong = (x > 0) != (t > 0)
    assert float(loss) == (800.0 if wrong else 0.0)
    assert value.grad[0] == (np.sign(x) if wrong else 0.0)


@pytest.mark.parametrize(("x", "t"), [(40.0, 1.0), (-40.0, 0.0)])
def test_small_losses_keep_their_digits(x, t):
    loss = losses.binary_cross_entropy_with_logits(np.array([x]), [t])
    assert np.isclose(float(loss), math.exp(-40), rtol=1e-12, atol=0)


def test_a_certain_mistake_costs_100_and_its_gradient_is_finite():
    p = mt.Value(np.array([0.0, 1.0, 0.0, 1.0]))
    loss = losses.binary_cross_entropy(p, [1.0, 0.0, 0.0, 1.0], reduction="none")
    loss.sum().backward()
    assert loss.data.tolist() == [100, 100, 0, 0]
    assert np.allclose(p.grad, [-1e12, 1e12, 0, 0])


def test_large_logits_do_not_overflow():
    x = mt.Value(np.array([[1e4, 0.0], [-1e4, 0.0]]))
    loss = losses.cross_entropy(x, [1, 0])
    loss.backward()
    assert float(loss) == 1e4
    assert np.all(np.isfinite(x.grad))
