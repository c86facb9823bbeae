"""What a loss refuses: shapes, labels and options that would train something else, in silence."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn
from microtensor.errors import ArgumentError, DTypeError, ShapeError

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
        (losses.smooth_l1, "target"),
        (losses.huber, "target"),
        (losses.kl_div, "target"),
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


REDUCTIONS = {losses.kl_div: "'mean', 'batchmean', 'sum' or 'none'"}
GIVEN = {  # what each loss is called with, if it is not a pair of ones
    losses.cross_entropy: (np.ones((1, 2)), [0]),
    losses.nll: (np.ones((1, 2)), [0]),
    losses.multi_margin: (np.ones((1, 2)), [0]),
    losses.cosine_embedding: (np.ones((1, 2)), np.ones((1, 2)), [1]),
    losses.gaussian_nll: (np.ones(1), np.ones(1), np.ones(1)),
}


@pytest.mark.parametrize("reduction", ["average", "batchmean", None])
@pytest.mark.parametrize("loss", [getattr(losses, name) for name in losses.__all__])
def test_an_unknown_reduction_is_refused(loss, reduction):
    given = GIVEN.get(loss, (np.ones(1), np.ones(1)))
    assert loss(*given, reduction="mean") is not None
    if loss is losses.kl_div and reduction == "batchmean":
        return
    with pytest.raises(ArgumentError) as error:
        loss(*given, reduction=reduction)
    words = REDUCTIONS.get(loss, "'mean', 'sum' or 'none'")
    assert str(error.value) == (
        f"{loss.__name__}: unknown reduction.\n  expected  {words}\n  got       {reduction!r}"
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
        "  If each row has a 1 in the place of its class, pass labels.argmax(axis=1);\n"
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
        "cross_entropy: labels must hold one class per row of logits.\n"
        "  expected  labels of shape (2, 4), since logits has shape (2, 5, 4)\n"
        "  got       labels of shape (2, 5)\n"
        "  The classes are axis 1, as in PyTorch. If they are the last axis, pass\n"
        "  np.moveaxis(logits, -1, 1).",
    ),
    (
        np.zeros((2, 3, 4)),
        [[0, 1, 2, 0], [0, 1, 2, 3]],
        ArgumentError,
        "cross_entropy: there is no class 3.\n"
        "  expected  labels from 0 to 2, since logits has shape (2, 3, 4)\n"
        "  got       label 3 at (1, 3)",
    ),
    (
        np.zeros(()),
        0,
        ShapeError,
        "cross_entropy: logits must have one row per example.\n"
        "  expected  logits of shape (B, C), or (C,) for one example, with no axis empty\n"
        "  got       logits of shape ()",
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


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "u8"])
def test_labels_may_be_integers_of_any_width_and_values(dtype):
    logits = np.random.default_rng(0).standard_normal((3, 300))
    labels = np.array([0, 5, 100])
    expected = losses.cross_entropy(logits, labels)
    assert losses.cross_entropy(logits, labels.astype(dtype)) == expected
    assert float(losses.cross_entropy(logits, mt.Value(labels.astype(dtype)))) == expected
    if dtype[0] == "i":
        with pytest.raises(ArgumentError):
            losses.cross_entropy(logits, -labels.astype(dtype))


OTHERS = [
    (
        lambda: losses.nll(X, np.zeros(3)),
        ArgumentError,
        "nll: labels must be integers.\n"
        "  expected  integers of shape (3,)\n"
        "  got       labels of shape (3,) and dtype float64\n"
        "  If they are classes, pass labels.astype(int).",
    ),
    (
        lambda: losses.nll(X, np.eye(3, 4, dtype=int)),
        ShapeError,
        "nll: labels must hold one class per row of log_probabilities.\n"
        "  expected  labels of shape (3,), since log_probabilities has shape (3, 4)\n"
        "  got       labels of shape (3, 4)\n"
        "  If each row has a 1 in the place of its class, pass labels.argmax(axis=1).",
    ),
    (
        lambda: losses.nll(X, [0, -100, 4]),
        ArgumentError,
        "nll: there is no class 4.\n"
        "  expected  labels from 0 to 3, since log_probabilities has shape (3, 4)\n"
        "  got       label 4 in row 2",
    ),
    (
        lambda: losses.cross_entropy(X, [0, 1, -100], ignore_index=-1),
        ArgumentError,
        "cross_entropy: there is no class -100.\n"
        "  expected  labels from 0 to 3, since logits has shape (3, 4)\n"
        "  got       label -100 in row 2",
    ),
    (
        lambda: losses.cross_entropy(X, [-100, -100, -100]),
        ArgumentError,
        "cross_entropy: no row counts, so there is no mean.\n"
        "  expected  a label other than ignore_index whose class has a weight\n"
        "  got       3 rows whose weights add up to 0\n"
        "  Pass over such a batch, or pass reduction='sum', which is 0.",
    ),
    (
        lambda: losses.cross_entropy(X, [0, 1, 2], weight=[1.0, 2.0, 3.0]),
        ShapeError,
        "cross_entropy: weight must hold one number per class.\n"
        "  expected  a weight of shape (4,)\n"
        "  got       a weight of shape (3,)",
    ),
    (
        lambda: losses.multi_margin(X, [0, 1, 2], weight=1.0),
        ShapeError,
        "multi_margin: weight must hold one number per class.\n"
        "  expected  a weight of shape (4,)\n"
        "  got       a weight of shape ()",
    ),
    (
        lambda: losses.multi_margin(np.zeros((2, 3, 4)), np.zeros((2, 4), int)),
        ShapeError,
        "multi_margin: scores must have one row per example.\n"
        "  expected  scores of shape (B, C), or (C,) for one example\n"
        "  got       scores of shape (2, 3, 4)",
    ),
    (
        lambda: losses.multi_margin(X, [0, 1, -100]),
        ArgumentError,
        "multi_margin: there is no class -100.\n"
        "  expected  labels from 0 to 3, since scores has shape (3, 4)\n"
        "  got       label -100 in row 2",
    ),
    (
        lambda: losses.multi_margin(X, [0, 1, 2], p=3),
        ArgumentError,
        "multi_margin: p is out of range.\n  expected  1 or 2\n  got       3",
    ),
    (
        lambda: losses.smooth_l1(X, X, beta=-1),
        ArgumentError,
        "smooth_l1: beta is out of range.\n  expected  a number of at least 0\n  got       -1",
    ),
    (
        lambda: losses.huber(X, X, delta=0.0),
        ArgumentError,
        "huber: delta is out of range.\n  expected  a number above 0\n  got       0.0",
    ),
    (
        lambda: losses.gaussian_nll(X, X, X, eps=0),
        ArgumentError,
        "gaussian_nll: eps is out of range.\n  expected  a number above 0\n  got       0",
    ),
    (
        lambda: losses.gaussian_nll(X, X, np.array([[1.0], [-1.0], [2.0]])),
        ArgumentError,
        "gaussian_nll: var must not be negative.\n"
        "  expected  numbers of at least 0\n"
        "  got       -1 among them\n"
        "  For logarithms of variances, pass np.exp(var).",
    ),
    (
        lambda: losses.gaussian_nll(X, X, np.ones(4)),
        ShapeError,
        "gaussian_nll: var must hold one variance per prediction, or for all along an axis.\n"
        "  expected  var of shape (3, 4), or with 1 in the place of an axis, (3,) or ()\n"
        "  got       var of shape (4,)",
    ),
    (
        lambda: losses.kl_div(X, X - 0.5),
        ArgumentError,
        "kl_div: the target must not be negative.\n"
        "  expected  numbers of at least 0\n"
        "  got       -0.5 among them\n"
        "  For logarithms, pass log_target=True.",
    ),
    (
        lambda: losses.cosine_embedding(X, X, [[1], [1], [-1]]),
        ShapeError,
        "cosine_embedding: there must be pairs of vectors, and one sign per pair.\n"
        "  expected  x1 and x2 of one shape, (B, D) or (D,), and target of shape (B,) or ()\n"
        "  got       x1 of shape (3, 4), x2 of (3, 4), and target of (3, 1)\n"
        "  If there is one sign per pair, pass target[:, 0].",
    ),
    (
        lambda: losses.cosine_embedding(X, X[:2], [1, 1, -1]),
        ShapeError,
        "cosine_embedding: there must be pairs of vectors, and one sign per pair.\n"
        "  expected  x1 and x2 of one shape, (B, D) or (D,), and target of shape (B,) or ()\n"
        "  got       x1 of shape (3, 4), x2 of (2, 4), and target of (3,)",
    ),
    (
        lambda: losses.cosine_embedding(X, X, [1, 0, 1]),
        ArgumentError,
        "cosine_embedding: target must be -1 or 1.\n"
        "  expected  -1 for one class, 1 for the other\n"
        "  got       0 in place 1\n"
        "  For labels of 0 and 1, pass 2 * target - 1.",
    ),
    (
        lambda: losses.cosine_embedding(X, X, [1, 1, 1], margin=2),
        ArgumentError,
        "cosine_embedding: margin is out of range.\n"
        "  expected  a cosine, from -1 to 1\n"
        "  got       2",
    ),
    (
        lambda: losses.binary_cross_entropy_with_logits(X, X, pos_weight=np.ones(3)),
        ShapeError,
        "binary_cross_entropy_with_logits: pos_weight must fit the prediction.\n"
        "  expected  a shape that broadcasts to (3, 4), the prediction's\n"
        "  got       a pos_weight of shape (3,)",
    ),
    (
        lambda: losses.binary_cross_entropy(X, X, weight=np.ones((2, 3, 4))),
        ShapeError,
        "binary_cross_entropy: weight must fit the prediction.\n"
        "  expected  a shape that broadcasts to (3, 4), the prediction's\n"
        "  got       a weight of shape (2, 3, 4)",
    ),
    (
        lambda: losses.mse(X, X * 1j),
        DTypeError,
        "mse: the target must hold real numbers.\n"
        "  expected  floats, integers or bools\n"
        "  got       dtype complex128",
    ),
    (
        lambda: losses.cross_entropy(["cat"], [0]),
        DTypeError,
        "cross_entropy: the logits must hold real numbers.\n"
        "  expected  floats, integers or bools\n"
        "  got       dtype <U3",
    ),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), OTHERS, ids=[r[2].split("\n")[0] for r in OTHERS]
)
def test_what_does_not_fit_is_refused(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message


def test_where_no_row_counts_the_sum_is_0():
    assert losses.cross_entropy(X, [-100] * 3, reduction="sum") == 0
    assert losses.cross_entropy(X, [-100] * 3, reduction="none").tolist() == [0, 0, 0]


def test_label_smoothing_is_a_share():
    with pytest.raises(ArgumentError) as error:
        losses.cross_entropy(X, [0, 1, 2], label_smoothing=1.5)
    assert str(error.value) == (
        "cross_entropy: label_smoothing is the share that all classes get.\n"
        "  expected  a number from 0 to 1\n"
        "  got       1.5"
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


class Foreign:
    """An array of another library: it can be made one of NumPy's, and has a dtype of its own."""

    def __init__(self, numbers):
        self.numbers = np.array(numbers)
        self.dtype, self.shape, self.ndim = "foreign", self.numbers.shape, self.numbers.ndim

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype)


ROWS = np.random.default_rng(0).random((3, 3))


@pytest.mark.parametrize(
    ("loss", "target", "options"),
    [
        (losses.cross_entropy, [0, 2, 1], {}),
        (losses.cross_entropy, np.eye(3), {}),
        (losses.cross_entropy, [0, 2, 1], {"weight": [0.5, 1.0, 2.0]}),
        (losses.nll, [0, 2, 1], {}),
        (losses.multi_margin, [0, 2, 1], {}),
        (losses.mse, np.ones((3, 3)), {}),
        (losses.huber, np.ones((3, 3)), {}),
        (losses.hinge, np.ones((3, 3)), {}),
        (losses.binary_cross_entropy_with_logits, np.ones((3, 3)), {"pos_weight": [1.0, 2.0, 3.0]}),
        (losses.gaussian_nll, np.ones((3, 3)), {"var": np.full((3, 3), 2.0)}),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_targets_may_be_arrays_of_another_library(loss, target, options):
    foreign = {name: Foreign(x) for name, x in options.items()}
    assert loss(ROWS, Foreign(target), **foreign) == loss(ROWS, np.array(target), **options)


def test_an_embedding_takes_ids_of_another_library():
    table = nn.Embedding(3, 2, rng=0)
    assert np.array_equal(table(Foreign([0, 2])).data, table(np.array([0, 2])).data)


@pytest.mark.parametrize("loss", [losses.mse, losses.cross_entropy, losses.hinge])
@pytest.mark.parametrize("place", [0, 1])
def test_rows_of_different_lengths_are_refused(loss, place):
    given = [np.ones((2, 2)), np.ones((2, 2))]
    given[place] = [[1.0, 2.0], [3.0]]
    with pytest.raises(ShapeError) as error:
        loss(*given)
    assert str(error.value) == (
        "A loss takes arrays, and the rows of this list have different lengths.\n"
        "  expected  rows of one length\n"
        "  got       a list of 2 rows that are no array\n"
        "  Where sequences end early, fill them up, and weigh what was added with 0."
    )
