"""Files that others wrote, and others' readers of ours: the same names, shapes and numbers."""

import json
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import microtensor as mt
from microtensor import nn
from microtensor.errors import FileFormatError

KINDS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
ARRAYS = {
    **{f"of {kind}": np.arange(6).reshape(2, 3).astype(kind) for kind in KINDS},
    "a number": np.array(-2.5),
    "empty": np.zeros((3, 0), np.float32),
    "odd": np.arange(3, dtype=np.int8),
    "больше": np.array([np.inf, -np.inf, np.nan, -0.0, 5e-324]),
}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for key, x in one.items():
        assert (x.dtype, x.shape, x.tobytes()) == (
            other[key].dtype,
            other[key].shape,
            other[key].tobytes(),
        ), key


def test_what_the_formats_own_library_writes_is_read(tmp_path):
    path = tmp_path / "theirs"
    safetensors.numpy.save_file(ARRAYS, path, {"format": "pt"})
    contents = mt.io.read(path)
    assert contents.metadata == {"format": "pt"}
    assert_same(contents.arrays, ARRAYS)


def test_what_is_written_is_read_by_the_formats_own_library(tmp_path):
    path = tmp_path / "ours"
    mt.save(path, ARRAYS, {"format": "pt"})
    assert_same(safetensors.numpy.load_file(path), ARRAYS)
    with safetensors.safe_open(path, "np") as file:
        assert file.metadata() == {"microtensor": mt.__version__, "format": "pt"}


@pytest.mark.parametrize("letters", range(8))
def test_whoever_maps_a_file_may_read_the_numbers_where_they_lie(tmp_path, letters):
    path = tmp_path / "ours"
    mt.io.write(path, ARRAYS, {"x": "x" * letters})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    table = json.loads(content[8 : 8 + length])
    del table["__metadata__"]
    for key, x in table.items():
        assert (8 + length + x["data_offsets"][0]) % ARRAYS[key].itemsize == 0


def bfloat16(path, *, shape=(65536,)):
    """Write all 65,536 numbers of 16 bits that BF16 has."""
    place = [0, 2 * 65536]
    header = json.dumps({"x": {"dtype": "BF16", "shape": list(shape), "data_offsets": place}})
    content = b"".join(n.to_bytes(2, "little") for n in range(65536))
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + content)


def test_every_bf16_number_becomes_the_float32_that_it_is(tmp_path):
    bfloat16(tmp_path / "x", shape=(256, 256))
    found = mt.load(tmp_path / "x")["x"]
    assert (found.dtype, found.shape) == (np.float32, (256, 256))
    for n, bits in enumerate(found.reshape(-1).view(np.uint32).tolist()):
        assert bits == n << 16
    for n, number in ((0x3F80, 1.0), (0xC0A0, -5.0), (0x4049, 3.140625), (0x0001, 2.0**-133)):
        assert found.reshape(-1)[n] == number
        assert struct.unpack("<f", b"\0\0" + n.to_bytes(2, "little")) == (number,)


def test_a_model_takes_numbers_of_16_bits(tmp_path):
    net = nn.Linear(2, 1, dtype=np.float64)
    mt.save(tmp_path / "half", {k: x.astype(np.float16) for k, x in net.state_dict().items()})
    mt.load(tmp_path / "half", net)
    assert net.weight.data.dtype == np.float64
    header = b'{"weight":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},' + (
        b'"bias":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}'
    )
    content = bytes.fromhex("803f 00c0 003f")
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + content)
    net = mt.load(tmp_path / "x", nn.Linear(2, 1))
    assert net.weight.data.tolist() == [[1.0, -2.0]]
    assert net.bias.data.tolist() == [0.5]


def test_a_bool_of_another_byte_than_1_is_true(tmp_path):
    header = b'{"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}'
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\1\xff")
    found = mt.load(tmp_path / "x")["x"]
    assert found.tobytes() == b"\0\1\1"


# Models in several files


def in_shards(folder, index=None, **options):
    parts = {"a-1.safetensors": {"x": np.ones(2), "b": np.zeros(3)}, "a-2.safetensors": {"y": [5]}}
    for name, arrays in parts.items():
        mt.save(folder / name, arrays)
    places = {key: name for name, arrays in parts.items() for key in arrays}
    path = folder / "a.safetensors.index.json"
    path.write_text(
        json.dumps({"metadata": {"total_size": 48}, "weight_map": {**places, **options}})
        if index is None
        else index
    )
    return path


def test_a_model_in_several_files_is_read_by_its_index(tmp_path):
    found = mt.load(in_shards(tmp_path))
    assert list(found) == ["b", "x", "y"]
    assert [found[key].tolist() for key in found] == [[0, 0, 0], [1, 1], [5]]
    assert list(mt.load(str(in_shards(tmp_path)), prefix="x")) == [""]


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"weight_map": {}}',
        '{"weight_map": ["a-1.safetensors"]}',
        '{"weight_map": {"x": 3}}',
        '{"weight_map": {"x": "../a-1.safetensors"}}',
        '{"weight_map": {"x": "/etc/passwd"}}',
        '{"weight_map": {"x": "C:a-1.safetensors"}}',
        '{"weight_map": {"x": ".."}}',
        '{"weight_map": {"x": ""}}',
        '{"weight_map": {"x": "a\\u0000"}}',
        "[" * 100_000,
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path, index):
    path = in_shards(tmp_path, index)
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value) == (
        f"load: {path} is no index of safetensors files.\n"
        "  expected  a JSON object whose weight_map names a file beside it for each array\n"
        f"  got       {len(index)} bytes of something else"
    )


def test_an_index_that_belongs_to_other_files_is_refused(tmp_path):
    path = in_shards(tmp_path, z="a-2.safetensors")
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value) == (
        f"load: {path} and a-2.safetensors do not belong together.\n"
        "  expected  the same 2 arrays in both\n"
        "  got       'z' in the index alone"
    )
    path = in_shards(tmp_path, z="a-3.safetensors")
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value) == (
        f"load: {path} lists a file that is missing.\n"
        "  expected  a-3.safetensors beside it\n"
        "  got       no such file"
    )
    path = in_shards(tmp_path, x="a-2.safetensors")
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value).endswith("got       'x' in a-1.safetensors alone")
