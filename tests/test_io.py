"""Files of weights: what goes in comes out, and what is no such file is refused."""

import contextlib
import os
import stat

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.errors import ArgumentError, FileFormatError, ParameterError


def net():
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))


ARRAYS = {
    "C order": np.arange(6.0).reshape(2, 3),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "reversed": np.arange(5)[::-1],
    "every other": np.arange(10, dtype=np.float32)[::2],
    "a number": np.array(3.0),
    "a scalar": np.float32(2.5),
    "a float": 1.5,
    "a list": [1, 2, 3],
    "a Value": mt.Value(np.ones(2)),
    "empty": np.zeros((0, 3)),
    "bool": np.array([True, False]),
    "big-endian": np.arange(3, dtype=">f4"),
    **{d: np.arange(3).astype(d) for d in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u8")},
}


def test_arrays_of_every_kind_and_layout_go_round(tmp_path):
    path = tmp_path / "arrays.safetensors"
    mt.save(path, ARRAYS)
    found = mt.load(path)
    assert list(found) == sorted(ARRAYS)
    for key, x in ARRAYS.items():
        x = np.asarray(getattr(x, "data", x) if isinstance(x, mt.Value) else x)
        assert found[key].dtype == x.dtype.newbyteorder("="), key
        assert np.array_equal(found[key], x), key
        found[key][...] = 0  # an array of its own, which may be written to


def test_a_model_goes_round(tmp_path):
    one, two = net(), net()
    for p in one.parameters():
        p.data = p.data + 1
    path = str(tmp_path / "net.safetensors")
    mt.save(path, one)
    assert list(mt.load(path)) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert mt.load(path, two) is two
    x = np.ones((2, 3))
    assert np.array_equal(one(x).data, two(x).data)


def test_an_optimizer_goes_round(tmp_path):
    model = net()
    model(np.ones((2, 3))).sum().backward()
    one, two = optim.Adam(model.parameters(), lr=0.5), optim.Adam(model.parameters())
    one.step()
    mt.save(tmp_path / "adam.safetensors", one)
    mt.load(tmp_path / "adam.safetensors", two)
    assert two.lr == 0.5
    assert np.array_equal(two.state_dict()["0.exp_avg"], one.state_dict()["0.exp_avg"])


def test_two_files_of_one_model_are_the_same_and_name_the_version(tmp_path):
    mt.save(tmp_path / "a", net())
    mt.save(tmp_path / "b", net())
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    assert f'{{"microtensor":"{mt.__version__}"}}'.encode() in content


def test_a_file_is_replaced_whole_and_through_links(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    mt.save(link, {"x": np.ones(2)})
    assert link.is_symlink()
    assert np.array_equal(mt.load(target)["x"], np.ones(2))
    assert sorted(os.listdir(tmp_path)) == ["link", "target"]
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, kind):
    path = tmp_path / "net"
    path.write_text("old")

    def fail(*_):
        raise kind("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind):
        mt.save(path, net())
    assert os.listdir(tmp_path) == ["net"]
    assert path.read_text() == "old"


def test_a_missing_folder_is_made(tmp_path):
    mt.save(tmp_path / "new" / "net", net())
    assert os.listdir(tmp_path / "new") == ["net"]


def test_a_missing_file_is_the_error_of_python(tmp_path):
    with pytest.raises(FileNotFoundError):
        mt.load(tmp_path / "nothing")


def saved(tmp_path):
    mt.save(tmp_path / "good", net())
    return (tmp_path / "good").read_bytes()


BROKEN = [
    (lambda good: b"", "an empty file", "header too small"),
    (
        lambda good: good[:-3],
        "{size} bytes that begin like one: cut off, or damaged",
        "incomplete metadata, file not fully covered",
    ),
    (
        lambda good: good[:40],
        "40 bytes that begin like one: cut off, or damaged",
        "invalid header length",
    ),
    (
        lambda good: b"PK\x03\x04" + bytes(100),
        "a zip file or a pickle, such as torch.save writes; it is not read, as it could run",
        None,
    ),
    (
        lambda good: b"\x80\x04\x95" + bytes(100),
        "a zip file or a pickle, such as torch.save writes; it is not read, as it could run",
        None,
    ),
    (lambda good: b"some text that is no model", "26 bytes of something else", "header too large"),
]


@pytest.mark.parametrize(("spoil", "got", "reader"), BROKEN)
def test_what_is_no_such_file_is_refused_and_changes_nothing(tmp_path, spoil, got, reader):
    content = spoil(saved(tmp_path))
    path = tmp_path / "bad"
    path.write_bytes(content)
    model = net()
    before = model.state_dict()
    with pytest.raises(FileFormatError) as error:
        mt.load(path, model)
    lines = str(error.value).split("\n")
    assert lines[:3] == [
        f"load: {path} is not a whole safetensors file.",
        "  expected  a file that mt.save or another safetensors library wrote",
        f"  got       {got.format(size=len(content))}",
    ]
    if reader is not None:
        assert lines[3] == f"  The reader says: Error while deserializing: {reader}."
    assert len(lines) == 4
    assert all(np.array_equal(x, before[k]) for k, x in model.state_dict().items())


def test_any_damage_to_the_table_of_contents_is_an_error_or_another_name(tmp_path):
    content = saved(tmp_path)
    path = tmp_path / "damaged"
    size = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    for place in rng.choice(size, 60, replace=False):
        path.write_bytes(content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :])
        with contextlib.suppress(FileFormatError, ParameterError):
            mt.load(path, net())


def test_numbers_that_numpy_lacks_are_named(tmp_path):
    header = b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    path = tmp_path / "bf16"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(FileFormatError) as error:
        mt.load(path)
    assert str(error.value) == (
        f"load: {path} holds numbers of a kind that NumPy lacks.\n"
        "  expected  bools, integers, or floats of 16, 32 or 64 bits\n"
        "  got       BF16\n"
        "  Convert them where the file was made, such as by tensor.float() in PyTorch."
    )


def test_a_file_that_does_not_fit_the_model_names_itself_and_changes_nothing(tmp_path):
    path = tmp_path / "other"
    mt.save(path, nn.Linear(3, 4))
    model = net()
    before = model.state_dict()
    with pytest.raises(ParameterError) as error:
        mt.load(path, model)
    assert error.value.__notes__ == [f"in {path}"]
    assert all(np.array_equal(x, before[k]) for k, x in model.state_dict().items())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            3.0,
            "save: there is no state to write.\n"
            "  expected  a model, or a dict of arrays\n"
            "  got       a float",
        ),
        (
            {1: np.ones(2)},
            "save: the keys must be names of arrays.\n"
            "  expected  strings other than '__metadata__'\n"
            "  got       1",
        ),
        (
            {"__metadata__": np.ones(2)},
            "save: the keys must be names of arrays.\n"
            "  expected  strings other than '__metadata__'\n"
            "  got       '__metadata__'",
        ),
        (
            {"z": np.ones(2) * 1j},
            "save: 'z' cannot be written.\n"
            "  expected  an array of bools, integers, or floats of 16, 32 or 64 bits\n"
            "  got       a ndarray of dtype complex128",
        ),
        (
            {"name": "net"},
            "save: 'name' cannot be written.\n"
            "  expected  an array of bools, integers, or floats of 16, 32 or 64 bits\n"
            "  got       a str of dtype <U3",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, model, message):
    with pytest.raises(ArgumentError) as error:
        mt.save(tmp_path / "x", model)
    assert str(error.value) == message
    assert os.listdir(tmp_path) == []
