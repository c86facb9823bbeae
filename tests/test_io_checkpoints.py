"""A whole state in one file: everything comes back, or nothing."""

import json
import math

import numpy as np
import pytest

from microtensor import Value, io
from microtensor.errors import ArgumentError, FileFormatError

STATE = {
    "floats": [0.1, -0.0, math.inf, 5e-324],
    "whole": [0, -1, 2**200, True, None],
    "words": {"": "empty", "grüße": "äöü 🙂", "$array": "no mark", "a.b": np.ones(2)},
    "a": {"b": np.zeros((2, 0, 3), np.float32)},
    "tuples": (1, (2, [3, ()])),
    "keys": {1: "one", (2, 3): "two", None: {}},
    "arrays": [np.array(x, d) for d in "?bBhHiIlLefd" for x in (0, [[1, 0]])],
    "numbers": [np.float64(0.1), np.float32(0.1), np.int8(-3), np.bool_(True)],
    "strided": np.arange(12.0).reshape(3, 4)[:, ::2],
    "swapped": np.arange(3, dtype=">f8"),
}


def same(one, other):
    if isinstance(one, np.ndarray | np.generic):
        native = one.dtype.newbyteorder("=")
        return (
            type(one) is type(other)
            and (native, one.shape) == (other.dtype, other.shape)
            and one.astype(native).tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and all(map(same, one, other)) and len(one) == len(other)
    return type(one) is type(other) and repr(one) == repr(other)


ALL = {**STATE, "all": STATE, "no names": {}, "nothing": None, "a number": 3}


@pytest.mark.parametrize("name", ALL)
def test_a_state_comes_back_to_the_last_bit(name, tmp_path):
    state = ALL[name]
    io.save_checkpoint(tmp_path / "state", state)
    assert same(state, io.load_checkpoint(tmp_path / "state"))


def test_a_state_that_differs_would_be_noticed():
    pairs = [
        (0.0, -0.0), (1, 1.0), (1, True), ([1], (1,)), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.zeros(2), np.zeros(2, np.float32)), (np.float64(1), np.array(1.0)), ([1], [1, 2]),
        (np.float64(0.1), 0.1),
    ]  # fmt: skip
    assert not any(same(*pair) or same(*pair[::-1]) for pair in pairs)


def test_a_value_is_kept_as_its_numbers(tmp_path):
    io.save_checkpoint(tmp_path / "state", {"v": Value([1.0, 2.0])})
    assert same({"v": np.array([1.0, 2.0])}, io.load_checkpoint(tmp_path / "state"))


@pytest.mark.parametrize("x", [object(), b"bytes", {1, 2}, lambda: 0])
def test_what_cannot_be_kept_is_refused_and_leaves_the_old_file(x, tmp_path):
    path = tmp_path / "state"
    io.save_checkpoint(path, {"old": 1})
    with pytest.raises(ArgumentError) as error:
        io.save_checkpoint(path, {"a": [0, {"b": x}]})
    assert str(error.value) == (
        "save_checkpoint: a.1.b cannot be kept.\n"
        "  expected  dicts, lists and tuples of arrays, numbers, strings and None\n"
        f"  got       a {type(x).__name__}\n"
        "  If it is your own object, keep what its state_dict() gives."
    )
    assert io.load_checkpoint(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_weights_alone_are_no_checkpoint(tmp_path):
    path = tmp_path / "weights"
    io.save(path, {"w": np.ones(2)})
    with pytest.raises(FileFormatError) as error:
        io.load_checkpoint(path)
    assert str(error.value) == (
        f"load_checkpoint: {path} is no checkpoint.\n"
        "  expected  a file that save_checkpoint wrote, or fit with checkpoint=\n"
        "  got       a safetensors file of 1 arrays\n"
        "  Weights alone are read by mt.load(path, model)."
    )


def rewritten(path, change):
    arrays, metadata = io.read(path)
    change(arrays, metadata)
    io.write(path, arrays, metadata)
    with pytest.raises(FileFormatError) as error:
        io.load_checkpoint(path)
    return str(error.value)


def test_a_change_behind_our_back_is_noticed(tmp_path):
    path = tmp_path / "state"

    def change_number(arrays, metadata):
        arrays["w"][1] += 1e-9

    def change_words(arrays, metadata):
        metadata["state"] = metadata["state"].replace("3", "4")

    def take_away(arrays, metadata):
        del arrays["w"]

    def rename(arrays, metadata):
        arrays["v"] = arrays.pop("w")

    def reshape(arrays, metadata):
        arrays["w"] = arrays["w"].reshape(2, 1)

    for change in (change_number, change_words, take_away, rename, reshape):
        io.save_checkpoint(path, {"w": np.ones(2), "epoch": 3})
        message = rewritten(path, change).split("\n")
        assert message[0] == f"load_checkpoint: {path} is damaged."
        assert message[3] == "  The disk or a transfer changed it. Use an earlier copy."


def test_a_hostile_file_is_refused(tmp_path):
    """The checksum is right in these: it guards against accidents, not against people."""
    from microtensor.io.checkpoints import _checksum

    path = tmp_path / "state"
    deep = "[" * 100_000 + "]" * 100_000
    texts = ['{"$array": "elsewhere"}', '{"$dict": 3}', '{"$dict": [[[], 1]]}', "{", deep]
    for text in texts:

        def change(arrays, metadata, text=text):
            metadata["state"] = text
            metadata["checksum"] = _checksum(text, arrays)

        io.save_checkpoint(path, {})
        message = rewritten(path, change)
        assert message.startswith(f"load_checkpoint: {path} was not written by save_checkpoint.\n")
    io.save_checkpoint(path, {})
    assert "a checkpoint of layout 2; this version knows 1" in rewritten(
        path, lambda arrays, metadata: metadata.update(checkpoint="2")
    )


def test_the_arrays_lie_under_the_names_of_their_places(tmp_path):
    io.save_checkpoint(tmp_path / "state", {"model": {"w": np.ones(2)}, "model.w": np.zeros(1)})
    arrays, metadata = io.read(tmp_path / "state")
    assert list(arrays) == ["model.w", "model.w'"]
    assert json.loads(metadata["state"])["model"] == {"w": {"$array": "model.w"}}
