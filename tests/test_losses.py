"""Losses: each against a plain formula of its own, its gradients against differences."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses
from microtensor.errors import GradientCheckError
from microtensor.ops import softmax_cross_entropy
from microtensor.primitives import registry

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


def rows_of_multi_margin(x, labels, p=1, margin=1.0, weight=(1, 1, 1)):
    return np.array([
        weight[y] * sum(max(0.0, margin - row[y] + row[c]) ** p for c in range(3) if c != y) / 3
        for row, y in zip(x.tolist(), labels, strict=True)
    ])  # fmt: skip


def rows_of_cosine_embedding(x, t, signs, margin=0.0):
    rows = []
    for a, b, sign in zip(x.tolist(), t.tolist(), signs, strict=True):
        dot = lambda u, v: sum(map(math.prod, zip(u, v, strict=True)))
        cos = dot(a, b) / math.sqrt((dot(a, a) + 1e-12) * (dot(b, b) + 1e-12))
        rows.append(1 - cos if sign == 1 else max(0.0, cos - margin))
    return np.array(rows)


def entries(formula, p, t):
    pairs = zip(np.ravel(p), np.ravel(t), strict=True)
    return np.array([formula(float(a), float(b)) for a, b in pairs]).reshape(np.shape(p))


def log_loss(p, t):
    return -(t * math.log(p) + (1 - t) * math.log(1 - p))


def log_loss_of_logits(x, t, pos_weight=1.0):
    p = 1 / (1 + math.exp(-x))
    return -(pos_weight * t * math.log(p) + (1 - t) * math.log(1 - p))


def normal(x, t, var, constant=0.0):
    return constant + math.log(var) / 2 + (x - t) ** 2 / (2 * var)


def rounded_off(d, beta):
    """A parabola below beta, and the line that goes on from it, with slope 1."""
    return d * d / (2 * beta) if abs(d) < beta else abs(d) - beta / 2


def with_var(var, **options):
    """The loss of means, for variances that are given."""
    loss = lambda p, t, **more: losses.gaussian_nll(p, t, var, **options, **more)
    loss.__name__ = "gaussian_nll"
    return loss


def with_signs(signs):
    loss = lambda x1, x2, **options: losses.cosine_embedding(x1, x2, signs, **options)
    loss.__name__ = "cosine_embedding"
    return loss


LOG_P = np.log(SHARES)
VAR = RNG.uniform(0.5, 2.0, (4, 3))
WEIGHT = np.array([0.5, 2.0, 3.0])
PAIRS = [1, -1, -1, 1]


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
    (losses.smooth_l1, {}, P, T, entries(lambda p, t: rounded_off(p - t, 1), P, T)),
    (losses.smooth_l1, {"beta": 0.4}, P, T, entries(lambda p, t: rounded_off(p - t, 0.4), P, T)),
    (losses.smooth_l1, {"beta": 0}, P, T, entries(lambda p, t: abs(p - t), P, T)),
    (losses.huber, {}, P, T, entries(lambda p, t: rounded_off(p - t, 1), P, T)),
    (losses.huber, {"delta": 0.4}, P, T, entries(lambda p, t: rounded_off(p - t, 0.4) * 0.4, P, T)),
    (
        losses.binary_cross_entropy,
        {"weight": WEIGHT},
        PROBABILITY,
        BITS,
        WEIGHT * entries(log_loss, PROBABILITY, BITS),
    ),
    (
        losses.binary_cross_entropy_with_logits,
        {"weight": [[1], [2], [0], [3]], "pos_weight": 1.5},
        P,
        SHARES,
        [[1], [2], [0], [3]] * entries(lambda x, t: log_loss_of_logits(x, t, 1.5), P, SHARES),
    ),
    (losses.nll, {}, LOG_P, LABELS, -LOG_P[[0, 1, 2, 3], LABELS]),
    (losses.kl_div, {}, LOG_P, SHARES[::-1], SHARES[::-1] * (LOG_P[::-1] - LOG_P)),
    (losses.kl_div, {}, LOG_P, BITS, np.where(BITS, -LOG_P, 0)),
    (
        losses.kl_div,
        {"log_target": True},
        LOG_P,
        LOG_P[::-1],
        SHARES[::-1] * (LOG_P[::-1] - LOG_P),
    ),
    (losses.multi_margin, {}, P, LABELS, rows_of_multi_margin(P, LABELS)),
    (
        losses.multi_margin,
        {"p": 2, "margin": 0.3, "weight": WEIGHT},
        P,
        LABELS,
        rows_of_multi_margin(P, LABELS, 2, 0.3, WEIGHT),
    ),
    (with_signs(PAIRS), {}, P, T, rows_of_cosine_embedding(P, T, PAIRS)),
    (with_signs(PAIRS), {"margin": 0.2}, P, T, rows_of_cosine_embedding(P, T, PAIRS, 0.2)),
    (with_var(VAR), {}, P, T, np.vectorize(normal)(P, T, VAR)),
    (with_var([WEIGHT]), {}, P, T, np.vectorize(normal)(P, T, WEIGHT)),
    (with_var(2.0), {}, P, T, entries(lambda p, t: normal(p, t, 2.0), P, T)),
    (
        with_var([1, 2, 3, 4], full=True),
        {},
        P,
        T,
        np.vectorize(normal)(P, T, [[1], [2], [3], [4]], math.log(2 * math.pi) / 2),
    ),
]
WITH_CORNERS = (losses.l1, losses.hinge, losses.smooth_l1, losses.huber, losses.multi_margin)
NAMES = [f"{row[0].__name__}-{row[1]}-{row[3].dtype}{row[3].shape}" for row in TABLE]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_loss_is_its_formula(row, reduction):
    loss, options, prediction, target, expected = row
    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](expected)
    for given in (prediction, mt.Value(prediction)):
        found = loss(given, target, reduction=reduction, **options)
        assert np.shape(found) == np.shape(expected)
        assert np.allclose(getattr(found, "_data", found), expected, rtol=1e-12, atol=1e-15)
    assert loss(prediction.tolist(), target.tolist(), **options) is not None


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_the_gradients_of_a_loss_agree_with_differences(row, reduction):
    loss, options, prediction, target, _ = row
    order = 1 if loss in WITH_CORNERS else 2

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
        (lambda p, t: losses.cross_entropy(p, mt.softmax(t), weight=WEIGHT), T),
        (lambda p, t: losses.kl_div(p, mt.softmax(t)), T),
        (lambda p, t: losses.kl_div(p, t, log_target=True), LOG_P),
        (lambda p, t: losses.gaussian_nll(p, T, mt.softplus(t)), P),
        (lambda p, t: losses.cosine_embedding(p, t, PAIRS), T),
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


# Weights, rows that are passed over, and places

OPTIONS = [
    {},
    {"weight": WEIGHT},
    {"ignore_index": 1},
    {"weight": WEIGHT, "ignore_index": 0},
]
SMOOTHED = [{**options, "label_smoothing": 0.1} for options in OPTIONS]


@pytest.mark.parametrize("options", [*OPTIONS, *SMOOTHED])
def test_the_mean_is_over_the_rows_that_count_by_their_weight(options):
    weight = np.asarray(options.get("weight", np.ones(3)))
    smoothing = options.get("label_smoothing", 0.0)
    kept = np.where(options.get("ignore_index", -100) == LABELS, 0.0, 1.0)
    log_p = P - np.log(np.exp(P).sum(axis=1, keepdims=True))
    share = (1 - smoothing) * np.eye(3)[LABELS] + smoothing / 3
    rows = -kept * (weight * share * log_p).sum(axis=1)
    counted = kept * weight[LABELS]
    assert np.allclose(losses.cross_entropy(P, LABELS, reduction="none", **options), rows)
    assert np.isclose(losses.cross_entropy(P, LABELS, reduction="sum", **options), rows.sum())
    mean = rows.sum() / counted.sum()
    assert np.isclose(losses.cross_entropy(P, LABELS, **options), mean)
    assert mt.check_gradients(lambda x: losses.cross_entropy(x, LABELS, **options), P)
    if not smoothing:
        assert np.isclose(losses.nll(log_p, LABELS, **options), mean)
        assert mt.check_gradients(lambda x: losses.nll(x, LABELS, **options), P)


@pytest.mark.parametrize("options", [*OPTIONS, *SMOOTHED])
def test_options_keep_float32(options):
    for target in (LABELS, SHARES):
        for reduction in ("mean", "sum", "none"):
            x = mt.Value(P.astype(np.float32))
            loss = losses.cross_entropy(x, target, reduction=reduction, **options)
            loss.sum().backward()
            assert loss.dtype == x.grad.dtype == np.float32
            wide = losses.cross_entropy(P, target, reduction=reduction, **options)
            assert np.allclose(loss.data, wide, rtol=1e-5)


def test_the_plain_mean_is_one_step_of_the_graph():
    for x, labels in ((P, LABELS), (P[0], 2), (P.T[None], LABELS[None])):
        loss = losses.cross_entropy(mt.Value(x), labels)
        assert loss.fn is softmax_cross_entropy
    assert losses.cross_entropy(mt.Value(P), [0, 1, -100, 2]).fn is not softmax_cross_entropy


def test_a_row_that_is_passed_over_moves_nothing():
    for reduction in ("mean", "sum"):
        x = mt.Value(P)
        loss = losses.cross_entropy(x, [2, -100, 1, -100], reduction=reduction)
        loss.backward()
        assert np.isclose(float(loss), losses.cross_entropy(P[::2], [2, 1], reduction=reduction))
        assert x.grad[[1, 3]].tolist() == [[0.0] * 3] * 2
    by_row = losses.cross_entropy(P, [2, -100, 1, -100], reduction="none")
    assert by_row[[1, 3]].tolist() == [0.0, 0.0]
    infinite = losses.nll(np.array([[-np.inf, 0.0], [-np.inf, 0.0]]), [1, -100], reduction="none")
    assert infinite.tolist() == [0.0, 0.0]


def test_labels_that_are_values_are_passed_over_too():
    labels = mt.Value(np.array([2, 1, -100, 0]))
    assert np.isclose(
        float(losses.cross_entropy(P, labels)), losses.cross_entropy(P[[0, 1, 3]], [2, 1, 0])
    )


@pytest.mark.parametrize("options", [*OPTIONS, *SMOOTHED])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_each_place_of_an_image_is_a_row(options, reduction):
    image, labels = RNG.standard_normal((2, 3, 4, 5)), RNG.integers(0, 3, (2, 4, 5))
    rows = np.moveaxis(image, 1, -1).reshape(-1, 3)
    shares = mt.softmax(RNG.standard_normal(image.shape), 1)
    shares_of_rows = np.moveaxis(shares, 1, -1).reshape(-1, 3)
    for target, of_rows in ((labels, labels.ravel()), (shares, shares_of_rows)):
        one = losses.cross_entropy(image, target, reduction=reduction, **options)
        other = losses.cross_entropy(rows, of_rows, reduction=reduction, **options)
        assert np.shape(one) == ((2, 4, 5) if reduction == "none" else ())
        assert np.allclose(np.ravel(one), other, rtol=1e-12)


def test_one_number_scales_what_a_weight_of_ones_leaves():
    for loss in (losses.binary_cross_entropy, losses.binary_cross_entropy_with_logits):
        for weight in (2.0, [2.0], np.full((4, 3), 2)):
            found = loss(PROBABILITY, BITS, weight=weight)
            assert np.isclose(found, 2 * loss(PROBABILITY, BITS), rtol=1e-12)


def test_weights_of_the_second_class_count_its_examples_again():
    twice = losses.binary_cross_entropy_with_logits(P, BITS, pos_weight=2.0, reduction="sum")
    again = losses.binary_cross_entropy_with_logits(P[BITS == 1], BITS[BITS == 1], reduction="sum")
    once = losses.binary_cross_entropy_with_logits(P, BITS, reduction="sum")
    assert np.isclose(twice, once + again, rtol=1e-12)


def test_batchmean_is_the_divergence_of_a_row_on_average():
    rows = losses.kl_div(LOG_P, SHARES[::-1], reduction="none").sum(axis=1)
    assert np.isclose(losses.kl_div(LOG_P, SHARES[::-1], reduction="batchmean"), rows.mean())
    assert losses.kl_div(LOG_P, SHARES, reduction="batchmean") == pytest.approx(0, abs=1e-15)


def test_a_divergence_is_a_cross_entropy_less_the_entropy():
    entropy = -(SHARES * LOG_P).sum(axis=1).mean()
    divergence = losses.kl_div(mt.log_softmax(P), SHARES, reduction="batchmean")
    assert np.isclose(divergence, losses.cross_entropy(P, SHARES) - entropy)


def test_huber_is_half_the_squared_error_below_and_a_line_above():
    assert np.isclose(losses.huber(P, T, delta=100.0), losses.mse(P, T) / 2)
    assert np.isclose(losses.smooth_l1(P, T, beta=1e-12), losses.l1(P, T))
    assert np.isclose(losses.huber(P, T, delta=0.7), 0.7 * losses.smooth_l1(P, T, beta=0.7))


def test_a_fused_loss_is_what_it_stands_for():
    x, t = mt.Value(P), SHARES
    fused = losses.binary_cross_entropy_with_logits(x, t, pos_weight=WEIGHT, reduction="none")
    entry = registry[fused.fn]
    assert np.allclose(entry.stands_for(P, WEIGHT * t, 1 - t), fused.data, rtol=1e-14)


def test_a_variance_below_the_least_one_still_grows():
    var = mt.Value(np.array([0.0, 1e-9]))
    loss = losses.gaussian_nll(np.array([1.0, 2.0]), np.zeros(2), var, eps=0.01, reduction="sum")
    loss.backward()
    assert np.isclose(float(loss), math.log(0.01) + (1 + 4) / 0.02)
    assert np.allclose(var.grad, [(1 / 0.01 - 1 / 0.0001) / 2, (1 / 0.01 - 4 / 0.0001) / 2])


def test_two_vectors_of_zeros_have_a_finite_slope():
    x = mt.Value(np.zeros((2, 3)))
    loss = losses.cosine_embedding(x, np.zeros((2, 3)), [1, -1])
    loss.backward()
    assert float(loss) == 0.5
    assert np.all(np.isfinite(x.grad))


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
