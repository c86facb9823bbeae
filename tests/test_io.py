"""Files of weights: what goes in comes out, and what is no such file is refused."""

import os
import stat
import tracemalloc

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.errors import ArgumentError, ParameterError


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
    assert np.array_equal(two.state_dict()["state.0.exp_avg"], one.state_dict()["state.0.exp_avg"])


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


def test_metadata_go_round(tmp_path):
    mt.save(tmp_path / "net", net(), {"format": "pt", "ключ": '{"epoch": 3}\n'})
    arrays, metadata = mt.io.read(tmp_path / "net")
    assert metadata == {"microtensor": mt.__version__, "format": "pt", "ключ": '{"epoch": 3}\n'}
    assert list(arrays) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    mt.io.write(tmp_path / "bare", {}, {})
    assert mt.io.read(tmp_path / "bare") == ({}, {})


def peak_of(job):
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_writing_needs_no_second_copy_and_reading_none_beside_the_arrays(tmp_path):
    arrays = {f"{i}": np.ones((256, 1024), np.float32) for i in range(8)}  # a megabyte each
    assert peak_of(lambda: mt.save(tmp_path / "x", arrays)) < 2**18
    assert peak_of(lambda: mt.load(tmp_path / "x")) < 8 * 2**20 + 2**18
    assert peak_of(lambda: (tmp_path / "x").read_bytes()) > 8 * 2**20  # the measure can see it


def test_a_missing_folder_is_made(tmp_path):
    mt.save(tmp_path / "new" / "net", net())
    assert os.listdir(tmp_path / "new") == ["net"]


def test_a_missing_file_is_the_error_of_python(tmp_path):
    with pytest.raises(FileNotFoundError):
        mt.load(tmp_path / "nothing")


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
            {"half a pair: \ud800": np.ones(2)},
            "save: the keys must be names of arrays.\n"
            "  expected  strings other than '__metadata__'\n"
            "  got       'half a pair: \\ud800'",
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


@pytest.mark.parametrize("metadata", [{"epoch": 3}, {3: "epoch"}, ["epoch"], {"x": "\ud800"}])
def test_metadata_that_are_no_strings_are_refused(tmp_path, metadata):
    with pytest.raises(ArgumentError) as error:
        mt.io.write(tmp_path / "x", {}, metadata)
    assert str(error.value) == (
        "save: metadata are strings under names.\n"
        "  expected  a dict of str to str\n"
        f"  got       {metadata!r}\n"
        "  json.dumps makes a string of numbers, lists and dicts."
    )
    assert os.listdir(tmp_path) == []


# Parts of a file, and parts of a model


def tied():
    """A model whose last layer has the first one's weight."""
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1))
    model[1].weight = model[0].weight
    return model


def test_what_file_and_model_both_have_is_taken_where_that_is_asked(tmp_path):
    mt.save(tmp_path / "x", {"0.bias": np.full(4, 7.0), "head.weight": np.ones(3)})
    model, other = net(), net()
    assert mt.load(tmp_path / "x", model, strict=False) is model
    state, before = model.state_dict(), other.state_dict()
    assert state.pop("0.bias").tolist() == [7] * 4
    assert all(np.array_equal(x, before[key]) for key, x in state.items())


def test_a_part_of_a_file_is_read_by_its_prefix(tmp_path):
    mt.save(tmp_path / "x", nn.Sequential(net(), nn.Linear(1, 1)))
    assert list(mt.load(tmp_path / "x", prefix="1.")) == ["bias", "weight"]
    model = nn.Sequential(nn.Linear(3, 4, rng=5), nn.Tanh(), nn.Linear(4, 1, rng=6))
    mt.load(tmp_path / "x", model, prefix="0.")
    expected = net().state_dict()
    assert all(np.array_equal(x, expected[key]) for key, x in model.state_dict().items())


@pytest.mark.parametrize("key", ["0.weight", "1.weight"])
@pytest.mark.parametrize("strict", [True, False])
def test_of_shared_weights_a_file_needs_one(tmp_path, key, strict):
    state = tied().state_dict()
    del state["0.weight"], state["1.weight"]
    mt.save(tmp_path / "x", {**state, key: np.full((3, 3), 5.0)})
    model = mt.load(tmp_path / "x", tied(), strict=strict)
    assert model[0].weight is model[1].weight
    assert np.array_equal(model[1].weight.data, np.full((3, 3), 5.0))


UNFIT = [
    (
        {"strict": False},
        "Sequential.load_state_dict: the state does not fit; nothing was changed.\n"
        "  missing: 0.weight, 0.bias, 2.weight, 2.bias\n"
        "  unexpected: body.0.bias, body.2.weight",
        ["in {path}"],
    ),
    (
        {"strict": False, "prefix": "body."},
        "Sequential.load_state_dict: the state does not fit; nothing was changed.\n"
        "  2.weight: expected shape (1, 4), got (4,)",
        ["in {path}"],
    ),
    (
        {"prefix": "body"},
        "Sequential.load_state_dict: the state does not fit; nothing was changed.\n"
        "  missing: 0.weight, 0.bias, 2.weight, 2.bias\n"
        "  unexpected: .0.bias, .2.weight",
        ["in {path}"],
    ),
    (
        {"prefix": "head."},
        "load: {path} has no name that begins with 'head.'.\n"
        "  got       body.0.bias, body.2.weight",
        [],
    ),
]


@pytest.mark.parametrize(("options", "message", "notes"), UNFIT)
def test_a_part_that_does_not_fit_changes_nothing(tmp_path, options, message, notes):
    path = tmp_path / "x"
    mt.save(path, {"body.0.bias": np.full(4, 7.0), "body.2.weight": np.ones(4)})
    model = net()
    before = model.state_dict()
    with pytest.raises(ParameterError) as error:
        mt.load(path, model, **options)
    assert str(error.value) == message.format(path=path)
    assert getattr(error.value, "__notes__", []) == [note.format(path=path) for note in notes]
    assert all(np.array_equal(x, before[k]) for k, x in model.state_dict().items())


def test_an_optimizer_is_taken_whole_or_not(tmp_path):
    one = optim.Adam(net().parameters())
    mt.save(tmp_path / "x", one)
    with pytest.raises(ArgumentError) as error:
        mt.load(tmp_path / "x", one, strict=False)
    assert str(error.value) == (
        "load: the state of a Adam cannot be taken in part.\n"
        "  expected  strict=True, or a Module\n"
        "  got       strict=False"
    )


def test_a_class_is_no_model_to_load_into(tmp_path):
    mt.save(tmp_path / "net", net())
    with pytest.raises(ArgumentError) as error:
        mt.load(tmp_path / "net", nn.Linear)
    assert str(error.value) == (
        "load: Linear is a class, and no model yet.\n"
        "  expected  Linear(...), with the arguments of the model that was saved\n"
        "  got       the class Linear"
    )
