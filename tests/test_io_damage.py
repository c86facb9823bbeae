"""Damaged and hostile safetensors files: an error in words, or what the header says; no third."""

import json
import os
import time
import tracemalloc

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import microtensor as mt
from microtensor import nn
from microtensor.errors import FileFormatError

ARRAYS = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.arange(3, dtype=np.int8),
    "c": np.array(2.0),
    "e": np.zeros((0, 3)),
    "é\n": np.array([True, False]),
}


@pytest.fixture
def good(tmp_path):
    mt.save(tmp_path / "good", ARRAYS, {"format": "pt"})
    return tmp_path / "good"


def file_of(header, content=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + content


def read_by_others(content):
    """Read with the format's own library, which is written in Rust and shares no line with ours."""
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError, ValueError):
        return None


def same(one, other):
    return one.keys() == other.keys() and all(
        (one[k].dtype, one[k].shape, one[k].tobytes())
        == (other[k].dtype, other[k].shape, other[k].tobytes())
        for k in one
    )


def verdict(path, content, load=mt.load):
    """Tell whether a file is refused here as elsewhere, and gives the same arrays if it is not."""
    theirs = read_by_others(content)
    try:
        ours = load(path)
    except FileFormatError:
        return theirs is None
    return theirs is not None and same(ours, theirs)


def flips(path):
    """Flip each bit of the header in turn."""
    content = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for place in range(8 + int.from_bytes(content[:8], "little")):
            for bit in range(8):
                flipped = bytes([content[place] ^ 1 << bit])
                os.pwrite(file.fileno(), flipped, place)
                yield place, bit, content[:place] + flipped + content[place + 1 :]
            os.pwrite(file.fileno(), content[place : place + 1], place)


def test_every_flipped_bit_of_the_header_is_an_error_or_what_the_header_says(good):
    wrong = [(place, bit) for place, bit, content in flips(good) if not verdict(good, content)]
    assert wrong == []


def test_a_careless_reader_would_be_seen(good):
    """Such as one that trusts the offsets and does not look at the shape."""

    def careless(path):
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        try:
            table = json.loads(content[8:start])
            table.pop("__metadata__", None)
            return {
                key: np.frombuffer(content[start:][slice(*x["data_offsets"])], np.uint8)
                for key, x in table.items()
            }
        except Exception as error:
            raise FileFormatError("no") from error

    assert not all(verdict(good, content, careless) for _, _, content in flips(good))


def test_a_file_cut_off_anywhere_is_an_error_and_changes_nothing(tmp_path):
    path = tmp_path / "x"
    model = nn.Linear(3, 2, rng=0)
    before = model.state_dict()
    mt.save(path, nn.Linear(3, 2, rng=1))
    with path.open("r+b", buffering=0) as file:
        for length in reversed(range(path.stat().st_size)):
            os.truncate(file.fileno(), length)
            with pytest.raises(FileFormatError):
                mt.load(path, model)
    assert same(model.state_dict(), before)


def test_a_file_that_is_longer_than_its_header_says_is_an_error(good):
    good.write_bytes(good.read_bytes() + b"\0")
    with pytest.raises(FileFormatError):
        mt.load(good)


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
DATA = bytes(8)
HUGE = 2**45  # bytes; 32 terabytes
LIES = {  # what is in the file, and what is wrong in our words
    "header of 32 TB": (
        file_of({"x": ENTRY}, DATA, length=HUGE),
        f"the header would have {HUGE} bytes, and the file has 77",
    ),
    "header of 2**64 bytes": (
        file_of({"x": ENTRY}, DATA, length=2**64 - 1),
        f"the header would have {2**64 - 1} bytes, and the file has 77",
    ),
    "header of a byte too many": (
        file_of({"x": ENTRY}, length=62),
        "the header would have 62 bytes, and the file has 69",
    ),
    "array of 32 TB": (
        file_of({"x": ENTRY | {"shape": [HUGE // 4], "data_offsets": [0, HUGE]}}, DATA),
        f"the header tells of {HUGE} bytes of arrays, and the file has 8",
    ),
    "shape of 32 TB in 8 bytes": (
        file_of({"x": ENTRY | {"shape": [HUGE // 4]}}, DATA),
        "'x' has a shape of other than its 8 bytes",
    ),
    "shape that is less than its bytes": (
        file_of({"x": ENTRY, "y": ENTRY | {"shape": [1], "data_offsets": [8, 16]}}, 2 * DATA),
        "'y' has a shape of other than its 8 bytes",
    ),
    "shape whose product is 8 modulo 2**64": (
        file_of({"x": ENTRY | {"shape": [2**62 + 1, 2]}}, DATA),
        "the shape of 'x' is too large for an array",
    ),
    "nothing in huge shape": (
        file_of({"x": ENTRY | {"shape": [2**62, 0, 2**62], "data_offsets": [0, 0]}}),
        "the shape of 'x' is too large for an array",
    ),
    "65 axes": (
        file_of({"x": ENTRY | {"shape": [1] * 64 + [2]}}, DATA),
        "the shape of 'x' is none",
    ),
    "negative size": (
        file_of({"x": ENTRY | {"shape": [-1, -2]}}, DATA),
        "the shape of 'x' is none",
    ),
    "size that is no integer": (
        file_of({"x": ENTRY | {"shape": [2.0]}}, DATA),
        "the shape of 'x' is none",
    ),
    "size that is a truth": (
        file_of({"x": ENTRY | {"shape": [2, True]}}, DATA),
        "the shape of 'x' is none",
    ),
    "places that overlap": (
        file_of({"x": ENTRY, "y": ENTRY}, DATA),
        "'y' begins at byte 0 of the arrays, not at 8",
    ),
    "a gap": (
        file_of({"x": ENTRY | {"data_offsets": [8, 16]}}, 2 * DATA),
        "'x' begins at byte 8 of the arrays, not at 0",
    ),
    "place that ends before it begins": (
        file_of({"x": ENTRY | {"data_offsets": [8, 0]}}, DATA),
        "the place of 'x' is none",
    ),
    "place of three": (
        file_of({"x": ENTRY | {"data_offsets": [0, 8, 8]}}, DATA),
        "the place of 'x' is none",
    ),
    "no dtype": (
        file_of({"x": {"shape": [2], "data_offsets": [0, 8]}}, DATA),
        "'x' has not the fields dtype, shape and data_offsets",
    ),
    "dtype that is a list": (
        file_of({"x": ENTRY | {"dtype": ["F32"]}}, DATA),
        "the dtype of 'x' is no name",
    ),
    "one name twice": (
        file_of(b'{"x":%s,"x":%s}' % (2 * (json.dumps(ENTRY).encode(),)), DATA),
        "the header has a name twice",
    ),
    "metadata that are numbers": (
        file_of({"__metadata__": {"epoch": 3}}),
        "the metadata are no texts",
    ),
    "a list": (file_of(b"[]"), "the header is no JSON object"),
    "space before the header": (file_of(b" {}"), "the header is no JSON object"),
    "header that is no text": (file_of(b'{"\xff":1}'), "the header is no JSON object"),
    "half of a pair": (
        file_of(b'{"\\ud800":' + json.dumps(ENTRY).encode() + b"}", DATA),
        "the header is no JSON object",
    ),
    "deeply nested": (file_of(b'{"x":' + b"[" * 10**6), "the header is no JSON object"),
    "number of a million digits": (
        file_of(b'{"x":' + b"9" * 10**6 + b"}"),
        "the header is no JSON object",
    ),
    "7 bytes": (bytes(7), "the file has 7 bytes, and 8 tell the header's length"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_is_refused_at_once_without_taking_memory(tmp_path, lie):
    content, reason = LIES[lie]
    path = tmp_path / "lie"
    path.write_bytes(content)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(error.value).split("\n")[0] == f"load: {path} is not a whole safetensors file."
    assert str(error.value).split("\n")[3:] == [f"  What is wrong: {reason}."]
    assert seconds < 2
    assert peak < 20 * len(content) + 2**20


def test_a_header_is_at_most_as_long_as_the_format_lets_it_be(tmp_path):
    path = tmp_path / "x"
    path.write_bytes((100_000_001).to_bytes(8, "little") + b"{")
    os.truncate(path, 100_000_009)  # a hole: the disk holds none of it
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value).endswith(
        "  What is wrong: the header would have 100000001 bytes, and 100000000 are the most."
    )


def test_an_array_may_have_as_many_axes_as_in_numpy(tmp_path):
    (tmp_path / "x").write_bytes(file_of({"x": ENTRY | {"shape": [1] * 63 + [2]}}, DATA))
    assert mt.load(tmp_path / "x")["x"].shape == (1,) * 63 + (2,)


def test_the_lies_are_lies_to_others_too():
    ours_alone = {"one name twice", "space before the header"}  # forbidden, and read all the same
    for lie, (content, _) in LIES.items():
        if lie not in ours_alone:
            assert read_by_others(content) is None, lie
    assert read_by_others(file_of({"x": ENTRY}, DATA)) is not None


SEEMS = [
    (b"", "an empty file"),
    (file_of({"x": ENTRY}, DATA)[:40], "40 bytes that begin like one: cut off, or damaged"),
    (
        b"PK\x03\x04" + bytes(100),
        "a zip file or a pickle, such as torch.save writes; it is not read, as it could run",
    ),
    (
        b"\x80\x04\x95" + bytes(100),
        "a zip file or a pickle, such as torch.save writes; it is not read, as it could run",
    ),
    (b"some text that is no model", "26 bytes of something else"),
]


@pytest.mark.parametrize(("content", "got"), SEEMS)
def test_an_error_tells_what_was_there(tmp_path, content, got):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value).split("\n")[:3] == [
        f"load: {path} is not a whole safetensors file.",
        "  expected  a file that mt.save or another safetensors library wrote",
        f"  got       {got}",
    ]


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F4", "C64", "F128", "f32", ""])
def test_numbers_that_numpy_lacks_are_named(tmp_path, kind):
    path = tmp_path / "x"
    path.write_bytes(file_of({"x": ENTRY | {"dtype": kind}}, DATA))
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value) == (
        f"load: {path} holds numbers of a kind that NumPy lacks.\n"
        "  expected  bools, integers, or floats of 16 (BF16 too), 32 or 64 bits\n"
        f"  got       {kind}, for 'x'\n"
        "  Convert them where the file was made, such as by tensor.float() in PyTorch."
    )
