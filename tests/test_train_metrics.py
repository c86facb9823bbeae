"""Metrics: what they are of all rows, however the rows come in batches."""

import itertools
import math

import numpy as np
import pytest

from microtensor import Value, data, losses, nn, optim, train
from microtensor.errors import ArgumentError, ShapeError
from microtensor.train.measures import Measures, named

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((50, 4))
CLASSES = RNG.integers(0, 4, 50)
WANTED = RNG.standard_normal((50, 3))
GUESSED = WANTED + 0.3 * RNG.standard_normal((50, 3))


def softmaxed(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


TABLE = [  # each formula once more, in plain NumPy
    (train.accuracy, CLASSES, LOGITS, np.mean([row.argmax() == c for row, c in zip(LOGITS, CLASSES, strict=True)])),  # noqa: E501
    (train.top_k(1), CLASSES, LOGITS, np.mean(LOGITS.argmax(axis=1) == CLASSES)),
    (train.top_k(3), CLASSES, LOGITS, 1 - np.mean(LOGITS.argmin(axis=1) == CLASSES)),
    (train.top_k(4), CLASSES, LOGITS, 1.0),
    (train.perplexity, CLASSES, LOGITS, np.exp(-np.mean(np.log(softmaxed(LOGITS)[np.arange(50), CLASSES])))),  # noqa: E501
    (train.mean_absolute_error, WANTED, GUESSED, np.abs(WANTED - GUESSED).mean()),
    (train.mean_squared_error, WANTED, GUESSED, np.square(WANTED - GUESSED).mean()),
    (train.root_mean_squared_error, WANTED, GUESSED, np.sqrt(np.square(WANTED - GUESSED).mean())),
    (train.r2, WANTED, GUESSED, np.mean(1 - np.square(WANTED - GUESSED).sum(axis=0) / (50 * WANTED.var(axis=0)))),  # noqa: E501
]  # fmt: skip
NAMES = [row[0].__name__ for row in TABLE]


def in_batches(metric, targets, outputs, sizes):
    measures = Measures(named({"it": metric}))
    ends = np.cumsum([0, *sizes])
    for a, b in itertools.pairwise(ends):
        measures.add(0.0, targets[a:b], outputs[a:b], b - a)
    return measures.results()["it"]


@pytest.mark.parametrize(("metric", "targets", "outputs", "expected"), TABLE, ids=NAMES)
def test_a_metric_is_its_formula_however_rows_are_batched(metric, targets, outputs, expected):
    assert metric(targets, outputs) == pytest.approx(expected, rel=1e-12)
    assert metric(targets, Value(outputs)) == metric(targets, outputs)
    for sizes in [(50,), (32, 18), (20, 20, 10), (1,) * 50]:
        assert in_batches(metric, targets, outputs, sizes) == pytest.approx(expected, rel=1e-12)


def test_a_mean_over_batches_would_be_noticed():
    wrong = train.averaged(train.r2)
    sizes = (32, 18)
    assert in_batches(wrong, WANTED, GUESSED, sizes) != pytest.approx(TABLE[-1][3], rel=1e-3)


def f1_score(y_true, y_pred):
    """With the signature of scikit-learn's, and its formula for two classes."""
    assert type(y_true) is type(y_pred) is np.ndarray
    assert y_true.ndim == y_pred.ndim == 1
    both = np.sum((y_true == 1) & (y_pred == 1))
    return 2 * both / (np.sum(y_true == 1) + np.sum(y_pred == 1))


def test_a_function_of_targets_and_outputs_is_shown_the_whole_set():
    x, y = data.moons(100, rng=0)
    net = nn.MLP(2, [8, 2], activation="tanh", rng=0)
    history = train.fit(
        net, losses.cross_entropy, data.batches(x, y, size=30, rng=0), epochs=3, progress=False,
        optimizer=optim.Adam(net.parameters(), lr=0.05), validation=data.batches(x, y, size=30),
        metrics={"f1": lambda t, o: f1_score(t, o.argmax(axis=1)), "right": train.accuracy},
    )  # fmt: skip
    assert list(history) == ["loss", "f1", "right", "val_loss", "val_f1", "val_right", "lr"]
    expected = f1_score(y, np.argmax(net(x).data, axis=1))
    assert history["val_f1"][-1] == pytest.approx(expected)


def test_accuracy_of_two_classes_is_told_by_the_sign_of_logits():
    table = [
        ([0, 1, 1], [-2.0, 0.5, -1.0], 2 / 3),
        ([-1, 1, 1], [-2.0, 0.5, -1.0], 2 / 3),
        ([[0], [1]], [[-2.0], [3.0]], 1.0),
        ([0, 1, 2], [0, 1, 1], 2 / 3),  # classes
        ([False, True], [True, True], 0.5),
    ]
    for targets, outputs, expected in table:
        assert train.accuracy(np.array(targets), np.array(outputs)) == pytest.approx(expected)


def test_accuracy_takes_probabilities_and_further_axes():
    one_hot = np.eye(4)[CLASSES]
    assert train.accuracy(one_hot, LOGITS) == train.accuracy(CLASSES, LOGITS)
    images, labels = RNG.standard_normal((2, 3, 4, 5)), RNG.integers(0, 3, (2, 4, 5))
    expected = np.mean(images.argmax(axis=1) == labels)
    assert train.accuracy(labels, images) == expected == train.top_k(1)(labels, images)


ERRORS = [
    (
        train.accuracy, np.array([0, 1, 5]), np.zeros(3),
        "accuracy: one output per row can tell two classes only.\n"
        "  expected  outputs of shape (B, C), one number per class, or targets 0 and 1\n"
        "  got       outputs of shape (3,), and targets up to 5\n"
        "  For the error of numbers, there is mean_absolute_error.",
    ),
    (
        train.accuracy, np.zeros((3, 1), int), np.zeros((3, 4)),
        "accuracy: there must be one answer per target.\n"
        "  expected  outputs of shape (3, C, 1), one number per class, or (3, 1)\n"
        "  got       outputs of shape (3, 4)",
    ),
    (
        train.top_k(2), np.zeros((3, 1), int), np.zeros((3, 4)),
        "top_2: there must be one row of outputs per target.\n"
        "  expected  targets of shape (3,)\n  got       targets of shape (3, 1)",
    ),
    (
        train.perplexity, np.zeros(3), np.zeros((3, 4)),
        "perplexity: there must be one row of logits per class.\n"
        "  expected  targets of shape (3,), of int\n"
        "  got       targets of shape (3,), of float64",
    ),
    (
        train.r2, np.zeros(3), np.zeros((3, 1)),
        "r2: targets and outputs must have one shape.\n"
        "  expected  outputs of shape (3,), like the targets\n"
        "  got       outputs of shape (3, 1)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "targets", "outputs", "message"), ERRORS, ids=range(5))
def test_a_metric_refuses_shapes_that_would_broadcast(metric, targets, outputs, message):
    with pytest.raises(ShapeError) as error:
        metric(targets, outputs)
    assert str(error.value) == message


def test_corners_of_metrics():
    assert math.isnan(train.r2(np.ones(3), np.ones(3)))
    assert train.r2(np.array([1.0, 2.0]), np.array([5.0, 5.0])) < 0
    assert train.perplexity(np.array([0]), np.array([[-1e4, 0.0]])) == math.inf
    assert train.perplexity(np.array([1]), np.array([[-1e4, 0.0]])) == 1.0


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (
            "acuracy",
            "fit: this is no metric.\n"
            "  expected  a function of (targets, outputs), or one of accuracy, "
            "mean_absolute_error, mean_squared_error, perplexity, r2, root_mean_squared_error, "
            "top_5\n  got       'acuracy'",
        ),
        (
            [lambda t, o: 0.0],
            "fit: each metric needs a name of its own.\n  got       <lambda>\n"
            '  Give a dict: metrics={"f1": lambda t, o: f1_score(t, o.argmax(axis=1))}.',
        ),
        (
            {"loss": train.accuracy},
            "fit: a metric must not be called as what is measured anyway.\n  got       'loss'",
        ),
        ("top_0", "top_k: k is a number of classes.\n  expected  1, 2, 3 ...\n  got       0"),
    ],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)
def test_metrics_that_are_none_are_refused(metrics, message):
    with pytest.raises(ArgumentError) as error:
        named(metrics)
    assert str(error.value) == message


def test_a_metric_that_gives_no_number_is_refused():
    with pytest.raises(ArgumentError) as error:
        in_batches(lambda t, o: o, WANTED, GUESSED, (50,))
    assert str(error.value) == (
        "fit: the metric it must give one number.\n"
        "  expected  a float\n  got       a ndarray of shape (50, 3)"
    )


def test_nested_targets_and_outputs_reach_a_metric_as_they_are():
    measures = Measures(named({"both": lambda t, o: np.mean(t["a"] - o[0]) + np.mean(o[1])}))
    for _ in range(2):
        measures.add(0.0, {"a": np.ones(3)}, (Value(np.zeros(3)), [1.0, 2.0, 3.0]), 3)
    assert measures.results()["both"] == 3.0


def test_more_places_than_classes_would_be_right_always():
    with pytest.raises(ArgumentError) as error:
        train.top_k(5)(np.zeros(2, int), np.zeros((2, 3)))
    assert str(error.value) == (
        "top_5: there are fewer classes than 5, so that every row would count.\n"
        "  expected  k of at most 3\n"
        "  got       outputs of shape (2, 3)"
    )
