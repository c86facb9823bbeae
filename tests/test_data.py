"""Datasets: the digits are the UCI ones, and what is made follows its formula."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from microtensor import data, randomness
from microtensor.data.bundled import every_fifth_of_each_class
from microtensor.errors import ArgumentError

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # rows per class, from UCI's own notes
# of scikit-learn's copy, digits.csv.gz, read as a table of 1797 x 65 bytes, labels last
SHA256 = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"


# The digits


def test_the_digits_are_the_1797_rows_of_the_uci_file():
    x, y = data.all_digits(raw=True)
    assert x.shape == (1797, 64)
    assert (x.min(), x.max()) == (0, 16)
    assert np.bincount(y).tolist() == COUNTS
    table = np.column_stack([x, y])
    assert hashlib.sha256(table.astype(np.uint8).tobytes()).hexdigest() == SHA256


@pytest.mark.parametrize("images", [False, True])
@pytest.mark.parametrize("raw", [False, True])
def test_shape_dtype_and_scale_are_as_asked(images, raw):
    whole = data.all_digits(images=images, raw=raw)
    train, test = data.digits(images=images, raw=raw)
    for part, rows in ((whole, 1797), (train, 1442), (test, 355)):
        assert part.x.shape == ((rows, 8, 8) if images else (rows, 64))
        assert part.x.dtype == (np.uint8 if raw else np.float32)
        assert part.x.max() == (16 if raw else 1)
        assert part.y.dtype == np.int64


def test_every_fifth_image_of_each_class_is_for_testing():
    x, y = data.all_digits()
    seen = dict.fromkeys(range(10), 0)
    rows = {"train": [], "test": []}
    for row, label in enumerate(y.tolist()):
        seen[label] += 1
        rows["test" if seen[label] % 5 == 0 else "train"].append(row)
    split = data.digits()
    for name, part in zip(("train", "test"), split, strict=True):
        np.testing.assert_array_equal(part.x, x[rows[name]])
        np.testing.assert_array_equal(part.y, y[rows[name]])
    assert np.bincount(split.test.y).tolist() == [count // 5 for count in COUNTS]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda y: np.arange(len(y)) % 5 == 4, id="every fifth row of the file"),
        pytest.param(lambda y: np.roll(every_fifth_of_each_class(y), 1), id="one row further"),
        pytest.param(
            lambda y: every_fifth_of_each_class(y[::-1])[::-1],
            id="counted from the end",
        ),
    ],
)
def test_a_wrong_split_would_be_seen(monkeypatch, wrong):
    monkeypatch.setattr("microtensor.data.bundled.every_fifth_of_each_class", wrong)
    with pytest.raises(AssertionError):
        test_every_fifth_image_of_each_class_is_for_testing()


def test_writing_into_the_digits_changes_no_later_ones():
    data.digits().train.x[:] = 0
    assert data.digits().train.x.max() == 1


def without_licence(files, page):
    return [name for name in files if f"`microtensor/data/{name}`" not in page]


def test_every_bundled_file_has_its_creator_and_licence_on_the_page():
    folder = Path(data.__file__).parent
    page = (folder.parents[1] / "DATA_LICENSES.md").read_text()
    bundled = sorted(p.name for p in folder.iterdir() if p.is_file() and p.suffix != ".py")
    assert bundled == ["digits.npz", "hamlet.txt.gz", "iris.npz"]
    assert without_licence(bundled, page) == []
    assert without_licence(["new.npz"], page) == ["new.npz"]
    assert sum((folder / name).stat().st_size for name in bundled) < 150_000


# The flowers and the play

MEANS = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]


def test_the_flowers_have_the_means_that_fisher_published():
    """Table II of his paper; a wrong number in any row would move one of them."""
    x, y = data.iris()
    assert (x.shape, x.dtype, y.dtype) == ((150, 4), np.float32, np.int64)
    assert np.bincount(y).tolist() == [50, 50, 50]
    for species, means in enumerate(MEANS):
        np.testing.assert_allclose(x[y == species].mean(axis=0, dtype=float), means, atol=1e-6)
    wrong = x.copy()
    wrong[34, 3] -= 0.1  # as in another copy
    assert np.abs(wrong[y == 0].mean(axis=0, dtype=float) - MEANS[0]).max() > 1e-3


def test_the_flowers_are_the_150_rows_of_the_file():
    x, y = data.iris()
    np.testing.assert_allclose(x[[34, 37]], [[4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]], rtol=1e-6)
    tenths = np.rint(x * 10).astype(np.uint8)
    np.testing.assert_array_equal(tenths / np.float32(10), x)
    table = np.column_stack([tenths, y.astype(np.uint8)])
    assert hashlib.sha256(table.tobytes()).hexdigest() == (
        "c422544ce98e916f6b0fa262c8fd870d0f40e973d98e0e4999c7e50fc3084311"
    )


def test_the_play_is_hamlet_whole_and_nothing_else():
    text = data.hamlet()
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "7c7a7bd79af75661a339fa2673a290214e9b8757e1e1b12f16884a1e0fda7763"
    )
    assert text.startswith("HAMLET, PRINCE OF DENMARK\n\nby William Shakespeare\n")
    assert text.endswith("after the which a peal of\nordnance is shot off.]\n")
    scenes = [line[6:].split(".")[0] for line in text.split("\n") if line.startswith("Scene ")]
    acts = [5, 2, 4, 7, 2]  # the number of scenes in each
    numerals = ["I", "II", "III", "IV", "V", "VI", "VII"]
    assert scenes == [n for count in acts for n in numerals[:count]]
    assert "To be, or not to be,--that is the question:--" in text
    assert "Gutenberg" not in text
    assert set(text) <= set(map(chr, range(32, 127))) | {"\n"}
    assert data.Characters(text).decode(data.Characters(text).encode(text)) == text


# What is made


def reference_moons(n):
    upper, lower = np.arange(n // 2), np.arange(n - n // 2)
    up = np.exp(1j * np.pi * upper / (len(upper) - 1))
    down = 1 + 0.5j - np.exp(1j * np.pi * lower / (len(lower) - 1))
    return np.concatenate([up, down])


def reference_circles(n):
    outer, inner = np.arange(n // 2), np.arange(n - n // 2)
    once = np.exp(2j * np.pi * outer / len(outer))
    return np.concatenate([once, 0.5 * np.exp(2j * np.pi * inner / len(inner))])


def reference_spirals(n):
    r = np.linspace(0, 1, n // 3)
    arms = [1j * r * np.exp(-1j * (4 * j + 4 * r)) for j in range(3)]  # r (sin t + i cos t)
    return np.concatenate(arms)


def reference_xor(n):
    return np.array([0, 1j, 1, 1 + 1j] * (n // 4))


def reference_blobs(n):
    return np.repeat(4 * np.exp(2j * np.pi * np.arange(3) / 3), n // 3)


MADE = [  # the function, the plane's points by complex numbers, the classes
    (data.moons, reference_moons, lambda n: [0] * (n // 2) + [1] * (n // 2)),
    (data.circles, reference_circles, lambda n: [0] * (n // 2) + [1] * (n // 2)),
    (data.spirals, reference_spirals, lambda n: [0] * (n // 3) + [1] * (n // 3) + [2] * (n // 3)),
    (data.xor, reference_xor, lambda n: [0, 1, 1, 0] * (n // 4)),
    (data.blobs, reference_blobs, lambda n: [0] * (n // 3) + [1] * (n // 3) + [2] * (n // 3)),
]
made = pytest.mark.parametrize(
    ("make", "points", "classes"), MADE, ids=[make.__name__ for make, *_ in MADE]
)


def distance(make, points):
    x, _ = make(24, noise=0, shuffle=False)
    return np.abs(x[:, 0] + 1j * x[:, 1] - points(24)).max()


@made
def test_without_noise_the_points_lie_on_the_formula(make, points, classes):
    assert distance(make, points) < 1e-14
    assert make(24, noise=0, shuffle=False).y.tolist() == classes(24)


@made
def test_the_formula_of_another_set_is_refused(make, points, classes):
    for other, *_ in MADE:
        assert other is make or distance(other, points) > 0.1


@made
def test_an_int_seed_repeats_the_set_and_so_does_the_default_generator(make, points, classes):
    once, again, another = (make(24, rng=n) for n in (3, 3, 4))
    assert np.all(once.x == again.x)
    assert np.all(once.y == again.y)
    assert not np.all(once.x == another.x)
    before = randomness._default
    try:
        randomness.seed(3)
        assert np.all(make(24).x == once.x)
    finally:
        randomness._default = before


@made
def test_shuffling_moves_whole_rows(make, points, classes):
    x, y = make(24, noise=0, shuffle=True, rng=0)
    straight = make(24, noise=0, shuffle=False)
    assert y.tolist() != straight.y.tolist()
    rows = sorted([*point, label] for point, label in zip(x.tolist(), y.tolist(), strict=True))
    expected = zip(straight.x.tolist(), straight.y.tolist(), strict=True)
    assert rows == sorted([*point, label] for point, label in expected)


@made
@pytest.mark.parametrize("n", [5, 24, 101])
def test_there_are_as_many_points_as_asked_and_classes_differ_by_one_at_most(
    make, points, classes, n
):
    x, y = make(n, rng=0)
    assert x.shape == (n, 2)
    assert x.dtype == np.float64
    assert y.dtype == np.int64
    if make is not data.xor:  # whose corners differ by one: its classes by two
        assert np.ptp(np.bincount(y)) <= 1


@pytest.mark.parametrize("make", [data.moons, data.circles, data.xor, data.blobs])
def test_noise_is_the_standard_deviation_of_each_coordinate(make):
    n = 20_000
    noisy, exact = (make(n, noise=noise, shuffle=False, rng=0).x for noise in (0.5, 0))
    error = 0.5 / np.sqrt(2 * n)  # of a standard deviation estimated from n normals
    assert np.abs((noisy - exact).std(axis=0) - 0.5).max() < 5 * error


def test_the_noise_of_spirals_turns_points_and_keeps_their_radius():
    noisy, exact = (data.spirals(300, noise, shuffle=False, rng=0).x for noise in (0.5, 0))
    assert not np.allclose(noisy, exact)
    np.testing.assert_allclose(np.hypot(*noisy.T), np.hypot(*exact.T), atol=1e-15)


def test_cs231ns_spirals_come_from_its_own_generator():
    rng = np.random.RandomState(0)
    expected = np.zeros((300, 2))
    for j in range(3):  # the notes' own lines
        ix = range(100 * j, 100 * (j + 1))
        r = np.linspace(0.0, 1, 100)
        t = np.linspace(j * 4, (j + 1) * 4, 100) + rng.randn(100) * 0.2
        expected[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
    x, y = data.spirals(300, classes=3, shuffle=False, rng=np.random.RandomState(0))
    np.testing.assert_array_equal(x, expected)
    assert y.tolist() == [0] * 100 + [1] * 100 + [2] * 100


def test_circles_take_the_inner_radius():
    x, y = data.circles(20, noise=0, factor=0.8, rng=0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 1, 0.8, 1.0))


WRONG = [
    (
        lambda: data.moons(1),
        "moons: n must be the number of points.\n"
        "  expected  an integer of at least 2, one for each class\n"
        "  got       1",
    ),
    (
        lambda: data.spirals(10.0),
        "spirals: n must be the number of points.\n"
        "  expected  an integer of at least 3, one for each class\n"
        "  got       10.0",
    ),
    (
        lambda: data.xor(3),
        "xor: n must be the number of points.\n"
        "  expected  an integer of at least 4, one for each corner\n"
        "  got       3",
    ),
    (
        lambda: data.blobs(classes=0),
        "blobs: classes must be the number of classes.\n"
        "  expected  an integer of at least 1\n"
        "  got       0",
    ),
    (
        lambda: data.moons(noise=-0.1),
        "moons: noise must be a standard deviation.\n"
        "  expected  a number of at least 0\n"
        "  got       -0.1",
    ),
    (
        lambda: data.moons(noise=None),
        "moons: noise must be a standard deviation.\n"
        "  expected  a number of at least 0\n"
        "  got       None",
    ),
    (
        lambda: data.circles(factor=1.0),
        "circles: factor must be the inner radius, as a part of the outer.\n"
        "  expected  a number from 0 to less than 1\n"
        "  got       1.0",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_set_that_cannot_be_made_is_an_error(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message
