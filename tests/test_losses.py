"""Losses: each against a plain formula of its own, its gradients against differences."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses
from microtensor.errors import ArgumentError, GradientCheckError, ShapeError

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


# What does not fit

SHAPES = [
    ((4, 1), (4,), "target[:, None]"),
    ((4,), (4, 1), "target[:, 0]"),
    ((2, 3, 1), (2, 3), "target[..., None]"),
    ((2, 3), (2, 3, 1), "target[..., 0]"),
]


@pytest.mark.parametrize(("have", "got", "fix"), SHAPES)
def test_a_target_of_another_shape_is_refused(have, got, fix):
    with pytest.raises(ShapeError) as error:
        losses.mse(mt.Value(np.zeros(have)), np.zeros(got))
    assert str(error.value) == (
        "mse: prediction and target must have one shape.\n"
        f"  expected  a target of shape {have}, like the prediction\n"
        f"  got       a target of shape {got}\n"
        f"  Broadcasting them would compare every prediction with every target: pass {fix}."
    )


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (losses.mse, "target"),
        (losses.l1, "target"),
        (losses.binary_cross_entropy, "target"),
        (losses.binary_cross_entropy_with_logits, "target"),
        (losses.hinge, "labels"),
    ],
)
def test_every_loss_of_pairs_wants_equal_shapes(loss, name):
    with pytest.raises(ShapeError) as error:
        loss(np.full((2, 3), 0.5), np.ones((3, 2)))
    assert str(error.value) == (
        f"{loss.__name__}: prediction and {name} must have one shape.\n"
        f"  expected  a {name} of shape (2, 3), like the prediction\n"
        f"  got       a {name} of shape (3, 2)\n"
        "  Each prediction needs one target of its own."
    )


@pytest.mark.parametrize("row", TABLE[:7], ids=NAMES[:7])
def test_an_unknown_reduction_is_refused(row):
    loss, _, prediction, target, _ = row
    with pytest.raises(ArgumentError) as error:
        loss(prediction, target, reduction="average")
    assert str(error.value) == (
        f"{loss.__name__}: unknown reduction.\n"
        "  expected  'mean', 'sum' or 'none'\n"
        "  got       'average'"
    )


X = np.zeros((3, 4))
WRONG_LABELS = [
    (
        X,
        [[0], [1], [2]],
        ShapeError,
        "cross_entropy: labels must hold one class per row of logits.\n"
        "  expected  labels of shape (3,), since logits has shape (3, 4)\n"
        "  got       labels of shape (3, 1)\n"
        "  If there is one label per row, pass labels[:, 0].",
    ),
    (
        X,
        [0, 1],
        ShapeError,
        "cross_entropy: labels must hold one class per row of logits.\n"
        "  expected  labels of shape (3,), since logits has shape (3, 4)\n"
        "  got       labels of shape (2,)",
    ),
    (
        X,
        np.eye(4, dtype=int)[:3],
        ShapeError,
        "cross_entropy: labels must hold one class per row of logits.\n"
        "  expected  labels of shape (3,), since logits has shape (3, 4)\n"
        "  got       labels of shape (3, 4)\n"
        "  If each row has a 1 in the place of its class, pass labels.argmax(axis=-1);\n"
        "  if they are probabilities, pass labels.astype(float).",
    ),
    (
        X,
        np.array([0.0, 1.0, 2.0]),
        ArgumentError,
        "cross_entropy: labels must be integers, or probabilities in the logits' shape.\n"
        "  expected  integers of shape (3,), or floats of shape (3, 4)\n"
        "  got       labels of shape (3,) and dtype float64\n"
        "  If they are classes, pass labels.astype(int).",
    ),
    (
        X,
        [0, 5, 7],
        ArgumentError,
        "cross_entropy: there is no class 5.\n"
        "  expected  labels from 0 to 3, since logits has shape (3, 4)\n"
        "  got       label 5 in row 1",
    ),
    (
        X,
        np.array([0, 1, -1], np.int8),
        ArgumentError,
        "cross_entropy: there is no class -1.\n"
        "  expected  labels from 0 to 3, since logits has shape (3, 4)\n"
        "  got       label -1 in row 2",
    ),
    (
        X,
        mt.Value(np.array([1, 2, 4])),
        ArgumentError,
        "cross_entropy: there is no class 4.\n"
        "  expected  labels from 0 to 3, since logits has shape (3, 4)\n"
        "  got       label 4 in row 2\n"
        "  If the classes are counted from 1, pass labels - 1.",
    ),
    (
        X[0],
        4,
        ArgumentError,
        "cross_entropy: there is no class 4.\n"
        "  expected  labels from 0 to 3, since logits has shape (4,)\n"
        "  got       label 4",
    ),
    (
        np.zeros((2, 5, 4)),
        np.zeros((2, 5), int),
        ShapeError,
        "cross_entropy: logits must have one row per example.\n"
        "  expected  logits of shape (B, C), or (C,) for one example, with no axis empty\n"
        "  got       logits of shape (2, 5, 4)\n"
        "  Make the rows one axis: logits.reshape(-1, 4) and labels.reshape(-1).",
    ),
    (
        np.zeros((0, 4)),
        np.zeros(0, int),
        ShapeError,
        "cross_entropy: logits must have one row per example.\n"
        "  expected  logits of shape (B, C), or (C,) for one example, with no axis empty\n"
        "  got       logits of shape (0, 4)",
    ),
    (
        X[:2],
        [[0.5, 0.5, 0.0, 0.0], [0.5, 0.5, 0.5, 0.0]],
        ArgumentError,
        "cross_entropy: labels in the logits' shape must be probabilities.\n"
        "  expected  rows of numbers that are not negative and add up to 1\n"
        "  got       row 1, which adds up to 1.5 with 0 as its least number\n"
        "  For scores, pass mt.softmax(labels); for classes, integers of shape (B,).",
    ),
    (
        X[0],
        [1.5, -0.5, 0.0, 0.0],
        ArgumentError,
        "cross_entropy: labels in the logits' shape must be probabilities.\n"
        "  expected  rows of numbers that are not negative and add up to 1\n"
        "  got       row 0, which adds up to 1 with -0.5 as its least number\n"
        "  For scores, pass mt.softmax(labels); for classes, integers of shape (B,).",
    ),
]


@pytest.mark.parametrize(("logits", "labels", "kind", "message"), WRONG_LABELS)
def test_wrong_labels_are_told_with_the_first_of_them(logits, labels, kind, message):
    for given in (logits, mt.Value(logits)):
        with pytest.raises(kind) as error:
            losses.cross_entropy(given, labels)
        assert str(error.value) == message


def test_labels_may_be_a_value_of_integers():
    assert np.isclose(
        float(losses.cross_entropy(P, mt.Value(LABELS))), losses.cross_entropy(P, LABELS)
    )


def test_label_smoothing_is_a_share():
    with pytest.raises(ArgumentError) as error:
        losses.cross_entropy(P, LABELS, label_smoothing=1.5)
    assert str(error.value) == (
        "cross_entropy: label_smoothing must lie between 0 and 1.\n  got       1.5"
    )


def test_binary_cross_entropy_wants_probabilities():
    with pytest.raises(ArgumentError) as error:
        losses.binary_cross_entropy(np.array([0.5, 1.5]), [0, 1])
    assert str(error.value) == (
        "binary_cross_entropy: the prediction must lie between 0 and 1.\n"
        "  expected  probabilities\n"
        "  got       numbers from 0.5 to 1.5\n"
        "  For scores, use binary_cross_entropy_with_logits."
    )


@pytest.mark.parametrize(
    "loss", [losses.binary_cross_entropy, losses.binary_cross_entropy_with_logits]
)
def test_the_targets_of_two_classes_are_0_and_1(loss):
    with pytest.raises(ArgumentError) as error:
        loss(np.array([0.5, 0.5]), [-1, 1])
    assert str(error.value) == (
        f"{loss.__name__}: the target must lie between 0 and 1.\n"
        "  expected  probabilities\n"
        "  got       numbers from -1 to 1\n"
        "  For labels of -1 and 1, pass (target + 1) / 2."
    )
    assert np.shape(loss(np.zeros((0, 2)), np.zeros((0, 2)), reduction="none")) == (0, 2)


def test_hinge_wants_signs():
    with pytest.raises(ArgumentError) as error:
        losses.hinge(np.zeros(3), [1, -1, 0])
    assert str(error.value) == (
        "hinge: labels must be -1 or 1.\n"
        "  expected  -1 for one class, 1 for the other\n"
        "  got       0 in place 2\n"
        "  For labels of 0 and 1, pass 2 * labels - 1."
    )
