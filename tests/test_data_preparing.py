"""Numbers made ready: labels as rows, columns of one scale, text as tokens."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import data
from microtensor.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)


# One-hot


@pytest.mark.parametrize("labels", [[2, 0, 1], [[1, 0], [2, 2]], 1, np.array([3, 1], np.uint8)])
@pytest.mark.parametrize("classes", [None, 5])
def test_rows_are_those_of_the_identity(labels, classes):
    width = np.max(labels) + 1 if classes is None else classes
    found = data.one_hot(labels, classes)
    np.testing.assert_array_equal(found, np.eye(width)[labels])
    assert found.dtype == np.float32
    assert data.one_hot(labels, classes, dtype=bool).dtype == bool
    np.testing.assert_array_equal(found, mt.one_hot(labels, classes))  # which gives integers


def test_no_labels_are_no_rows():
    assert data.one_hot(np.zeros(0, int), 3).shape == (0, 3)
    assert data.one_hot(np.zeros((2, 0), int)).shape == (2, 0, 0)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (
            [0, 3],
            3,
            "one_hot: a label is no class.\n"
            "  expected  labels in 0 ... 2\n"
            "  got       labels from 0 to 3",
        ),
        (
            [-1, 1],
            None,
            "one_hot: a label is no class.\n"
            "  expected  labels in 0 ... 1\n"
            "  got       labels from -1 to 1",
        ),
        (
            [0.0, 1.0],
            2,
            "one_hot: labels must be integers.\n"
            "  expected  an array of an integer dtype\n"
            "  got       dtype float64\n"
            "  If they are whole numbers, convert them: labels.astype(int).",
        ),
    ],
)
def test_what_is_no_label_is_refused(labels, classes, message):
    with pytest.raises(ArgumentError) as error:
        data.one_hot(labels, classes)
    assert str(error.value) == message


# Scale


@pytest.mark.parametrize(
    ("shape", "axis", "columns"),
    [
        ((50, 3), 0, (3,)),
        ((50, 3), -2, (3,)),
        ((50, 3), None, ()),
        ((50, 2, 3), 0, (2, 3)),
        ((20, 3, 4, 5), (0, 2, 3), (3, 1, 1)),
        ((50,), 0, ()),
    ],
)
def test_what_it_learned_from_has_mean_0_and_deviation_1(shape, axis, columns):
    x = RNG.normal(5, 3, shape)
    scaled = data.standardise(x, axis)
    assert scaled.mean.shape == scaled.std.shape == columns
    np.testing.assert_allclose(scaled(x).mean(axis=axis), 0, atol=1e-12)
    np.testing.assert_allclose(scaled(x).std(axis=axis), 1, atol=1e-12)
    np.testing.assert_allclose(scaled.inverse(scaled(x)), x, atol=1e-12)
    np.testing.assert_allclose(scaled(x[0]), scaled(x)[0], atol=0)


def test_other_rows_are_scaled_by_what_was_learned():
    scaled = data.standardise([[0.0, 10.0], [2.0, 30.0]])
    np.testing.assert_allclose(scaled([[4.0, 20.0]]), [[3.0, 0.0]])


def test_a_column_that_never_varies_becomes_0():
    x = np.column_stack([np.full(1001, 0.1), np.arange(1001.0)])
    assert x.std(axis=0)[0] > 0  # by rounding alone: dividing by it would make noise
    scaled = data.standardise(x)
    assert scaled.std[0] == 1
    assert np.abs(scaled(x)[:, 0]).max() < 1e-13
    assert scaled([[1.1, 0.0]])[0, 0] == pytest.approx(1)


def test_floats_keep_their_dtype_and_integers_become_float32():
    for dtype, expected in (("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("u1", "f4"), ("?", "f4")):
        x = RNG.integers(0, 2, (9, 2)).astype(dtype)
        assert data.standardise(x)(x).dtype == np.dtype(expected)


def test_small_floats_are_added_up_in_large_ones():
    x = np.full((100_000, 1), 2048, np.float16)
    x[::2] += 2
    assert data.standardise(x).mean[0] == 2049


NOT_FINITE = (
    "standardise: mean and deviation need rows of finite numbers.\n"
    "  expected  at least one row, without NaN or infinity\n"
    "  got       {}"
)


@pytest.mark.parametrize(
    ("x", "got"),
    [
        ([[1.0], [np.nan]], "shape (2, 1), dtype float64, 1 NaN or infinite"),
        ([[np.inf], [np.nan]], "shape (2, 1), dtype float64, 2 NaN or infinite"),
        (np.zeros((0, 3)), "shape (0, 3), dtype float64"),
        (3.0, "shape (), dtype float64"),
        (["a"], "shape (1,), dtype <U1"),
    ],
)
def test_what_has_no_mean_is_refused(x, got):
    with pytest.raises(ArgumentError) as error:
        data.standardise(x)
    assert str(error.value) == NOT_FINITE.format(got)


@pytest.mark.parametrize("shape", [(4, 2), (3, 4), (2, 4, 3), (), (4, 1)])
def test_other_columns_are_refused(shape):
    with pytest.raises(ShapeError) as error:
        data.standardise(RNG.random((5, 3)))(np.zeros(shape))
    assert str(error.value) == (
        "Standardiser: the rows have other columns than those it was made from.\n"
        "  expected  an array of shape (N, 3)\n"
        f"  got       an array of shape {shape}"
    )


# Tokens

TEXTS = ["hello", "a\nb\tc\0", "ÄÖ €", "日本語", "👩‍🚀🚀", "z" * 1000]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_from_its_tokens(text):
    for tokens in (data.Characters(text), data.Bytes()):
        codes = tokens.encode(text)
        assert codes.dtype == np.int64
        assert codes.max() < len(tokens)
        assert tokens.decode(codes) == tokens.decode(codes.tolist()) == text
        assert tokens.encode("").shape == (0,)
        assert tokens.decode([]) == ""


def test_characters_are_numbered_in_order_whatever_the_text():
    one, two = data.Characters("banana\n"), data.Characters("\nnab")
    assert one.alphabet == two.alphabet == "\nabn"
    assert one.encode("nab").tolist() == two.encode("nab").tolist() == [3, 1, 2]
    assert data.Characters(one.alphabet).alphabet == one.alphabet
    assert repr(one) == r"Characters('\nabn')"
    assert repr(data.Bytes()) == "Bytes()"


def test_bytes_are_those_of_utf_8():
    text = "".join(TEXTS)
    np.testing.assert_array_equal(data.Bytes().encode(text), list(text.encode()))
    np.testing.assert_array_equal(data.Bytes().encode(b"\xff\0"), [255, 0])
    assert data.Bytes().decode([0x68, 0xFF, 0x69]) == "h�i"
    assert data.Bytes().decode(data.Bytes().encode("né")[:2]) == "n�"


A = data.Characters("abc")
WRONG = [
    (
        lambda: A.encode("abxcx"),
        "Characters.encode: 'x' is not in the alphabet.\n"
        "  expected  only the 3 characters 'abc'\n"
        "  got       it at place 2, and 2 unknown characters in all\n"
        "  Make the Characters from all text that will be met, or from fewer: text.replace(...).",
    ),
    (
        lambda: A.encode(b"ab"),
        "Characters.encode: this is no text.\n"
        "  expected  a str\n"
        "  got       a bytes\n"
        "  Bytes() makes tokens of bytes.",
    ),
    (
        lambda: data.Characters(["a", "b"]),
        "Characters: this is no text.\n  expected  a str\n  got       a list",
    ),
    (
        lambda: data.Characters(""),
        "Characters: there are no characters to number.\n"
        "  expected  a text with all characters that will be met\n"
        "  got       an empty str",
    ),
    (
        lambda: A.decode([0, 3, -1]),
        "Characters.decode: 3 is no token.\n"
        "  expected  integers in 0 ... 2\n"
        "  got       3 at place 1",
    ),
    (
        lambda: A.decode([0, -1]),
        "Characters.decode: -1 is no token.\n"
        "  expected  integers in 0 ... 2\n"
        "  got       -1 at place 1",
    ),
    (
        lambda: data.Bytes().decode([256]),
        "Bytes.decode: 256 is no token.\n"
        "  expected  integers in 0 ... 255\n"
        "  got       256 at place 0",
    ),
    (
        lambda: A.decode([[0]]),
        "Characters.decode: tokens are a sequence of integers.\n"
        "  expected  an integer array of shape (N,)\n"
        "  got       an array of shape (1, 1) and dtype int64",
    ),
    (
        lambda: A.decode([0.5]),
        "Characters.decode: tokens are a sequence of integers.\n"
        "  expected  an integer array of shape (N,)\n"
        "  got       an array of shape (1,) and dtype float64",
    ),
    (
        lambda: data.Bytes().encode(3),
        "Bytes.encode: this has no bytes in UTF-8.\n"
        "  expected  a str or bytes\n"
        "  got       a int: 'int' object has no attribute 'encode'",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_is_no_text_or_token_is_refused(call, message):
    with pytest.raises(ArgumentError) as error:
        call()
    assert str(error.value) == message


# Windows


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("length", [1, 4, 20])
def test_each_window_is_followed_by_its_next_token(length, stride):
    tokens = RNG.integers(0, 99, 21)
    x, y = data.windows(tokens, length, stride=stride)
    starts = [i for i in range(0, 21, stride) if i + length < 21]
    np.testing.assert_array_equal(x, [tokens[i : i + length] for i in starts])
    np.testing.assert_array_equal(y, [tokens[i + 1 : i + length + 1] for i in starts])


def test_windows_take_no_memory_and_batches_of_them_can_be_written_to():
    tokens = np.arange(1000)
    x, y = data.windows(tokens, 64)
    assert np.shares_memory(x, tokens)
    assert np.shares_memory(y, tokens)
    assert not x.flags.writeable
    for x_batch, _ in data.batches(x, y, 32, rng=0):
        x_batch[:] = 0
    assert tokens[-1] == 999


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2, 3, 4]], [1.0, 2.0, 3.0, 4.0]])
def test_windows_of_what_is_no_sequence_are_refused(tokens):
    with pytest.raises(ShapeError) as error:
        data.windows(tokens, 3)
    tokens = np.array(tokens)
    assert str(error.value) == (
        "windows: the tokens are no sequence of integers, or too few.\n"
        "  expected  shape (N,) with N at least 4, a window and the token after it\n"
        f"  got       an array of shape {tokens.shape} and dtype {tokens.dtype}"
    )


@pytest.mark.parametrize("options", [{"length": 0}, {"length": 2.0}, {"length": 1, "stride": 0}])
def test_windows_of_no_length_are_refused(options):
    name, n = list(options.items())[-1]
    with pytest.raises(ArgumentError) as error:
        data.windows([1, 2, 3], **options)
    assert str(error.value) == (
        f"windows: {name} counts tokens.\n  expected  an integer of at least 1\n  got       {n!r}"
    )
