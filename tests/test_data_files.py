"""Files of data: what is in them is read, and what is no such file is an error in words."""

import gzip
import io
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from microtensor import data
from microtensor.errors import ArgumentError, FileFormatError

RNG = np.random.default_rng(0)
TERABYTES = 2**45


def idx(array):
    """Write IDX as LeCun's page describes it, number by number."""
    code = {"u1": (8, "B"), "i1": (9, "b"), "i2": (11, "h"), "i4": (12, "i")}
    code |= {"f4": (13, "f"), "f8": (14, "d")}
    kind, letter = code[array.dtype.str[1:]]
    sizes = b"".join(struct.pack(">I", n) for n in array.shape)
    numbers = b"".join(struct.pack(f">{letter}", n) for n in array.reshape(-1).tolist())
    return bytes([0, 0, kind, array.ndim]) + sizes + numbers


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def assert_same(one, other):
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    np.testing.assert_array_equal(one, other)


def refused(read, path, content):
    """Give the message of the error that reading these bytes is."""
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as error:
        read(path)
    return str(error.value).replace(str(path), "PATH")


# IDX


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 5), ()])
def test_idx_files_of_every_kind_are_read(tmp_path, pack, kind, shape):
    array = RNG.integers(0, 100, shape).astype(kind)
    path = tmp_path / "x"
    path.write_bytes(pack(idx(array)))
    found = data.read_idx(str(path))
    assert_same(found, array)
    found[...] = 0  # an array of its own


def mnist_in(folder, pack=bytes, suffix=""):
    made = {}
    for part, rows in (("train", 5), ("t10k", 3)):
        x = RNG.integers(0, 256, (rows, 28, 28)).astype(np.uint8)
        y = RNG.integers(0, 10, rows).astype(np.uint8)
        (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(x)))
        (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(y)))
        made[part] = x, y
    return made


@pytest.mark.parametrize(("pack", "suffix"), [(bytes, ""), (gzip.compress, ".gz")])
def test_mnist_is_read_from_its_four_files(tmp_path, pack, suffix):
    made = mnist_in(tmp_path, pack, suffix)
    found = data.mnist(tmp_path)
    raw = data.mnist(str(tmp_path), images=True, raw=True)
    for part, (x, y), one, two in zip(("train", "test"), made.values(), found, raw, strict=True):
        assert_same(one.x, x.reshape(-1, 784).astype(np.float32) / 255)
        assert_same(two.x, x)
        assert_same(one.y, y.astype(np.int64)), part


def test_images_and_labels_that_do_not_belong_together_are_refused(tmp_path):
    mnist_in(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(FileFormatError) as error:
        data.mnist(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: images and labels of t10k do not belong together.\n"
        "  expected  images of shape (N, 28, 28) and labels of shape (N,), in bytes\n"
        "  got       images of shape (3, 28, 28), uint8, and labels of shape (4,), uint8"
    )
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte"):
        data.mnist(tmp_path)


SMALL = idx(np.arange(6, dtype=np.uint8).reshape(2, 3))
HUGE = bytes([0, 0, 14, 2]) + struct.pack(">2I", 2**31, 2**11) + bytes(8)  # 32 TB
ONCE_MORE = "\n  It is cut off or damaged: get it once more."
BAD_IDX = [
    (
        b"",
        "PATH: this is no IDX file.\n"
        "  expected  two zeros, 8, 9, 11, 12, 13 or 14, and the number of axes\n"
        "  got       the bytes (none)\n"
        "  MNIST's files are named like train-images-idx3-ubyte, with or without .gz.",
    ),
    (
        b"\0\0\x0a\x01\0\0\0\0",
        "PATH: this is no IDX file.\n"
        "  expected  two zeros, 8, 9, 11, 12, 13 or 14, and the number of axes\n"
        "  got       the bytes 00 00 0a 01\n"
        "  MNIST's files are named like train-images-idx3-ubyte, with or without .gz.",
    ),
    (
        SMALL[:10],
        "PATH: the header is cut off.\n"
        "  expected  8 bytes of sizes, for 2 axes\n"
        "  got       6\n"
        "  Get the file once more.",
    ),
    (
        SMALL[:-1],
        "PATH: its header tells of more numbers than the file has room for.\n"
        "  expected  6 bytes, for shape (2, 3) of uint8\n"
        "  got       at most 5" + ONCE_MORE,
    ),
    (
        SMALL + b"\0",
        "PATH: the header and what follows it do not belong together.\n"
        "  expected  6 bytes, for shape (2, 3) of uint8\n"
        "  got       more" + ONCE_MORE,
    ),
    (
        gzip.compress(SMALL[:-1], mtime=0),
        "PATH: the header and what follows it do not belong together.\n"
        "  expected  6 bytes, for shape (2, 3) of uint8\n"
        "  got       5" + ONCE_MORE,
    ),
    (
        HUGE,
        "PATH: its header tells of more numbers than the file has room for.\n"
        f"  expected  {TERABYTES} bytes, for shape (2147483648, 2048) of float64\n"
        "  got       at most 8" + ONCE_MORE,
    ),
    (
        bytes([0, 0, 8, 200]) + bytes(800),
        "PATH: its header tells of no array that could be.\n"
        "  expected  sizes of at most 32 axes\n"
        "  got       200 axes\n"
        "  The file is damaged, or made to do harm.",
    ),
    (
        bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 0),
        "PATH: its header tells of no array that could be.\n"
        "  expected  sizes of at most 32 axes\n"
        "  got       shape (4294967295, 4294967295, 0)\n"
        "  The file is damaged, or made to do harm.",
    ),
]


@pytest.mark.parametrize(("content", "message"), BAD_IDX)
def test_what_is_no_idx_file_is_refused(tmp_path, content, message):
    assert refused(data.read_idx, tmp_path / "x", content) == message


# NPY and NPZ


@pytest.mark.parametrize("kind", ["?", "i1", "u8", ">i4", "f2", ">f8", "c16"])
def test_npy_files_of_every_kind_and_layout_are_read(tmp_path, kind):
    for array in (
        RNG.integers(0, 2, (3, 4)).astype(kind),
        np.asfortranarray(RNG.integers(0, 2, (3, 4)).astype(kind)),
        np.array(1, kind),
        np.zeros((0, 2), kind),
    ):
        np.save(tmp_path / "x.npy", array)
        found = data.read_npy(tmp_path / "x.npy")
        assert_same(found, array.astype(array.dtype.newbyteorder("=")))
        found[...] = 0


def test_both_versions_of_the_header_are_read(tmp_path):
    for version in (1, 2):
        (tmp_path / "x").write_bytes(lying_npy("(2,)", struct.pack("<2d", 1.5, -2), version))
        assert_same(data.read_npy(tmp_path / "x"), np.load(tmp_path / "x"))
        assert data.read_npy(tmp_path / "x").tolist() == [1.5, -2]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_files_are_read_as_dicts(tmp_path, save):
    arrays = {"x": RNG.standard_normal((4, 3)), "y": np.arange(4), "a/b": np.array(2.0)}
    save(tmp_path / "x.npz", **arrays)
    found = data.read_npy(tmp_path / "x.npz")
    assert list(found) == list(arrays)
    for key in arrays:
        assert_same(found[key], arrays[key])


class Harm:
    def __reduce__(self):
        return print, ("this ran",)


def test_objects_are_never_unpickled(tmp_path, capsys):
    content = npy(np.array([Harm()], dtype=object), allow_pickle=True)
    message = (
        "this is no file of numbers.\n"
        "  expected  bools, integers, floats or complex numbers\n"
        "  got       dtype object\n"
        "  Objects are kept as a pickle, which can run any code: it is never read.\n"
        "  Who made the file can save arrays of numbers: np.save(path, x.astype(float))."
    )
    assert refused(data.read_npy, tmp_path / "x", content) == f"PATH: {message}"
    content = npz(x=np.array([Harm()], dtype=object))
    assert refused(data.read_npy, tmp_path / "x", content) == f"PATH, x.npy: {message}"
    assert capsys.readouterr().out == ""
    np.load(io.BytesIO(npy(np.array([Harm()], object))), allow_pickle=True)
    assert capsys.readouterr().out == "this ran\n"  # where it is asked for, it would have


def lying_npy(shape, content=b"", version=1):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def zip_of(*members, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


BAD_NPY = [
    (b"", r"PATH: this is no file of numbers by np.save.\n.*\n.*the bytes \(none\)"),
    (b"some text", r"PATH: this is no file of numbers by np.save.\n.*\n.*73 6f 6d 65 .*"),
    (npy(np.ones(3))[:50], r"PATH: this is no file of numbers by np.save.\n.*\n.*"),
    (npy(np.ones(3))[:-1], r"PATH: its header tells of more .*\n.* 24 bytes.*\n.* at most 23\n.*"),
    (npy(np.ones(3)) + b"\0", r"PATH: the header and what follows .*\n.* 24 bytes.*\n.* more\n.*"),
    (npy(np.array(["a"])), r"PATH: this is no file of numbers.\n.*\n  got       dtype <U1"),
    (
        npy(np.zeros(2, [("a", "i4")])),
        r"PATH: this is no file of numbers by .*\n.*\n.*'descr': \[\('a', '<i4'\)\].*",
    ),
    (
        lying_npy(f"({2**42},)", bytes(8)),
        r"PATH: its header tells of more .*\n.* 35184372088832 bytes.*\n.* at most 8\n.*",
    ),
    (lying_npy("(2, -1)", bytes(8)), r"PATH: this is no file .* by np.save.\n.*\n.*\(2, -1\).*"),
    (lying_npy(f"(0, {2**62})"), r"PATH: its header tells of no .*\n.*\n.* shape \(0, .*\n.*"),
    (lying_npy("(" + "1, " * 33 + ")", bytes(8)), r"PATH: its header .*\n.*\n.* 33 axes\n.*"),
    (lying_npy("(" * 300 + ")" * 300), r"PATH: this is no file of numbers by np.save.\n.*\n.*"),
    (lying_npy("(print(1),)"), r"PATH: this is no file of numbers by np.save.\n.*\n.*"),
    (
        b"\x93NUMPY\x02\0" + b"\xff" * 4,
        r"PATH: this is .*\n.*\n.* a header of 4294967295 bytes, and .* at most 10000",
    ),
    (b"\x93NUMPY\x03\0" + bytes(9), r"PATH: this is .*\n.*\n.* 93 4e 55 4d 50 59 03 00"),
    (b"PK\x03\x04" + bytes(30), r"PATH: this is no whole file of arrays.\n.*\n.*34 bytes; .*"),
    (
        zip_of(("x.npy", npy(np.ones(2))), ("x", npy(np.ones(2)))),
        r"PATH: this is no whole file of arrays.\n.*\n.* a zip file with two arrays of one name",
    ),
    (
        zip_of(("x.npy", npy(np.ones(2))), compression=zipfile.ZIP_BZIP2),
        r"PATH: this is no whole file of arrays.\n.*\n.*x.npy, compressed as NumPy does not",
    ),
    (
        zip_of(("x.npy", lying_npy(f"({2**42},)"))),
        r"PATH, x.npy: its header tells of more .*\n.* 35184372088832 bytes.*\n.* at most 0\n.*",
    ),
    (zip_of(("x.npy", b"")), r"PATH, x.npy: this is no file of numbers by np.save.\n.*\n.*"),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("content", "pattern"), BAD_NPY)
def test_what_is_no_file_of_numbers_is_refused(tmp_path, content, pattern):
    message = refused(data.read_npy, tmp_path / "x", content)
    assert re.fullmatch(pattern, message), message


def bomb():
    """A zip file whose list tells that its few bytes become 32 terabytes."""
    content = bytearray(npz(x=np.zeros(100)))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (2**32 - 2).to_bytes(4, "little")
    return bytes(content)


def sharing_bomb():
    """A zip file whose list has one array a hundred times, each by another name."""
    content = npz(**{f"{i:02}": np.zeros(2**12) for i in range(2)})
    entries = content.index(b"PK\x01\x02")
    first = content[entries : content.index(b"PK\x01\x02", entries + 1)]
    listed = b"".join(first.replace(b"00.npy", b"%02d.npy" % i) for i in range(100))
    end = content[content.index(b"PK\x05\x06") :]
    counts = struct.pack("<HHI", 100, 100, len(listed))
    return content[:entries] + listed + end[:8] + counts + end[16:]


LIARS = {
    "idx of 32 TB": (data.read_idx, HUGE),
    "idx of 32 TB, compressed": (data.read_idx, gzip.compress(HUGE)),
    "npy of 32 TB": (data.read_npy, lying_npy(f"({2**42},)", bytes(8))),
    "npz of 4 GB": (data.read_npy, bomb()),
    "npz that shares": (data.read_npy, sharing_bomb()),
    "header of 4 GB": (data.read_npy, b"\x93NUMPY\x02\0" + b"\xff" * 4 + bytes(100)),
}


@pytest.mark.parametrize("liar", LIARS)
def test_a_header_is_not_believed_before_the_size_is_seen(tmp_path, liar):
    read, content = LIARS[liar]
    tracemalloc.start()
    try:
        refused(read, tmp_path / "x", content)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def flips_and_cuts(content, rng):
    """Flip a bit of a byte, and cut before it, at many places."""
    for place in rng.permutation(len(content))[:150].tolist():
        flipped = bytes([content[place] ^ 1 << rng.integers(8)])
        yield content[:place] + flipped + content[place + 1 :]
        yield content[:place]


FUZZED = {
    "idx": (data.read_idx, SMALL),
    "idx.gz": (data.read_idx, gzip.compress(SMALL)),
    "npy": (data.read_npy, npy(np.arange(6.0).reshape(2, 3))),
    "npz": (data.read_npy, npz(x=np.arange(6), y=np.ones(3))),
    "npz, stored": (data.read_npy, zip_of(("x.npy", npy(np.ones(3))))),
    "csv": (data.read_csv, b'a,"b"\n1,2.5\n-3e4,5\n'),
}


@pytest.mark.parametrize("kind", FUZZED)
def test_damage_is_an_error_in_words_or_other_numbers_and_nothing_else(tmp_path, kind):
    read, content = FUZZED[kind]
    path = tmp_path / "x"
    refusals = 0
    for damaged in flips_and_cuts(content, np.random.default_rng(0)):
        path.write_bytes(damaged)
        try:
            found = read(path)
        except FileFormatError:
            refusals += 1
        else:
            arrays = found.values() if isinstance(found, dict) else [found]
            assert all(isinstance(x, np.ndarray) for x in arrays)
    assert refusals > min(len(content), 150) / 3


# CSV


def read_text(tmp_path, text, **options):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    return data.read_csv(tmp_path / "x.csv", **options)


TABLES = {
    "plain": ("1,2\n3,4.5\n", {}),
    "header": ("a,b\n1,2\n3,4.5\n", {}),
    "header of years": ("1999,2000\n1,2\n3,4.5", {"header": True}),
    "header in quotes": ('"a, the first","b"\n"1","2"\n"3","4.5"\n', {}),
    "Windows": ("\ufeffa,b\r\n1,2\r\n3,4.5\r\n", {}),
    "blank lines": ("\n\na,b\n\n1,2\n\n3,4.5\n\n", {}),
    "spaces": ("a, b\n 1, 2\n3 ,4.5", {}),
    "semicolons": ("a;b\n1;2\n3;4.5\n", {"delimiter": ";"}),
    "tabs": ("1\t2\n3\t4.5\n", {"delimiter": "\t"}),
    "exponents": ("1e0,+2\n3.0,45E-1\n", {}),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_style_are_read(tmp_path, name):
    text, options = TABLES[name]
    assert_same(read_text(tmp_path, text, **options), np.array([[1, 2], [3, 4.5]]))
    found = read_text(tmp_path, text, **options, dtype=np.float32)
    assert_same(found, np.array([[1, 2], [3, 4.5]], np.float32))


def test_one_column_and_one_row_stay_tables(tmp_path):
    assert read_text(tmp_path, "1\n2\n").shape == (2, 1)
    assert read_text(tmp_path, "1,2").shape == (1, 2)
    assert np.isnan(read_text(tmp_path, "nan,inf")[0, 0])


@pytest.mark.parametrize("label", ["kind", 1, -2])
def test_the_column_of_the_label_becomes_y(tmp_path, label):
    x, y = read_text(tmp_path, "a,kind,b\n1.5,0,2\n2.5,3,4\n", label=label)
    assert_same(x, np.array([[1.5, 2], [2.5, 4]]))
    assert_same(y, np.array([0, 3]))


def test_a_label_that_is_no_whole_number_stays_a_float(tmp_path):
    assert read_text(tmp_path, "1,0.5\n2,1\n", label=1).y.tolist() == [0.5, 1.0]


def test_what_is_written_by_numpy_is_read_back_exactly(tmp_path):
    table = RNG.standard_normal((20, 3)) * 10.0 ** RNG.integers(-300, 300, (20, 3))
    np.savetxt(tmp_path / "x", table, fmt="%.17g", delimiter=",")
    assert_same(data.read_csv(tmp_path / "x"), table)


NO_NUMBER = ": this is no number.\n  expected  a number, such as 5.1 or -3e-4\n  got       "
BAD_CSV = [
    ("1,2\n3,x\n", {}, "PATH, line 2, column 2" + NO_NUMBER + "'x'"),
    ("a,b\n\n1,2\n3,\n", {}, "PATH, line 4, column 2 (b)" + NO_NUMBER + "''\n"
     "  A missing number can be written as nan, and must be dealt with before training."),
    ("1,2\n1_000,2\n", {}, "PATH, line 2, column 1" + NO_NUMBER + "'1_000'"),
    ("1,2\n" + "y" * 50 + ",2\n", {}, "PATH, line 2, column 1" + NO_NUMBER + f"'{'y' * 40}'..."),
    ("1,x\n1,2\n", {}, "PATH, line 1, column 2" + NO_NUMBER + "'x'\n"
     "  If the line has names, pass header=True."),
    ("a,b\n1,2\n", {"header": False}, "PATH, line 1, column 1" + NO_NUMBER + "'a'"),
    ("1,2\n3\n", {}, "PATH, line 2: it has another number of fields than the first.\n"
     "  expected  2 fields\n  got       1"),
    ("a,b\n1,2\n3,4,5\n", {}, "PATH, line 3: it has another number of fields than the first.\n"
     "  expected  2 fields\n  got       3"),
    ("a,b,c\n1,2\n3,4\n", {}, "PATH, line 1: it has another number of fields than the lines after "
     "it.\n  expected  2 fields\n  got       3"),
    ("", {}, "PATH: there are no numbers.\n  expected  at least one line of them\n"
     "  got       none"),
    ("a,b\n\n", {}, "PATH: there are no numbers.\n  expected  at least one line of them\n"
     "  got       none"),
    ("1;2\n3;4\n", {"header": False}, "PATH, line 1, column 1" + NO_NUMBER + "'1;2'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "message"), BAD_CSV)
def test_what_is_no_number_is_told_by_line_and_column(tmp_path, text, options, message):
    with pytest.raises(FileFormatError) as error:
        read_text(tmp_path, text, **options)
    assert str(error.value).replace(str(tmp_path / "x.csv"), "PATH") == message


def test_bytes_that_are_no_text_are_refused(tmp_path):
    for content in (gzip.compress(b"1,2\n"), b"1,2\n3,\xff\n"):
        assert refused(data.read_csv, tmp_path / "x", content).startswith(
            "PATH: this is no text in UTF-8.\n  expected  lines of numbers\n  got       the byte 0x"
        )
    long = refused(data.read_csv, tmp_path / "x", b"a" * 200_000)
    assert long.startswith("PATH: the first line is none of a table.")


WRONG_OPTIONS = [
    ({"label": "c"}, "there is no such column for the label", "one of a, b", "'c'"),
    ({"label": 2}, "there is no such column for the label", "a place in -2 ... 1", "2"),
    ({"delimiter": ", "}, "delimiter is what stands between two fields",
     "one character, such as ',' or ';'", "', '"),
    ({"dtype": int}, "the numbers are floats; labels become integers by themselves",
     "a floating dtype, such as float32", "dtype int64"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "problem", "expected", "got"), WRONG_OPTIONS)
def test_options_that_cannot_be_are_an_error(tmp_path, options, problem, expected, got):
    with pytest.raises(ArgumentError) as error:
        read_text(tmp_path, "a,b\n1,2\n", **options)
    assert str(error.value) == (f"read_csv: {problem}.\n  expected  {expected}\n  got       {got}")


@pytest.mark.parametrize("read", [data.read_idx, data.read_npy, data.read_csv])
def test_a_missing_file_is_the_error_of_python(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")
