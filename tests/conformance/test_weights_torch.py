"""Weights move both ways: what PyTorch writes as safetensors is read here, and the other way."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn

torch = pytest.importorskip("torch")
files = pytest.importorskip("safetensors.torch")

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
KINDS = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def ours():
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))


def theirs():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def assert_same_outputs(net, model):
    expected = model(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(net(X).data, expected, rtol=0, atol=1e-6)


def test_what_pytorch_writes_is_loaded_and_computes_the_same(tmp_path):
    model = theirs()
    files.save_file(model.state_dict(), tmp_path / "x", {"format": "pt"})
    assert_same_outputs(mt.load(tmp_path / "x", ours()), model)


def test_what_is_written_here_is_loaded_by_pytorch_and_computes_the_same(tmp_path):
    net, model = ours(), theirs()
    mt.save(tmp_path / "x", net, {"format": "pt"})
    model.load_state_dict(files.load_file(tmp_path / "x"))
    assert_same_outputs(net, model)


def test_other_weights_would_be_seen():
    with pytest.raises(AssertionError):
        assert_same_outputs(ours(), theirs())


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_of_every_kind_go_both_ways(tmp_path, kind):
    tensor = torch.arange(-3, 3).reshape(2, 3).to(getattr(torch, kind))
    files.save_file({"x": tensor}, tmp_path / "x")
    found = mt.load(tmp_path / "x")["x"]
    assert found.dtype == tensor.numpy().dtype
    assert np.array_equal(found, tensor.numpy())
    mt.save(tmp_path / "y", {"x": found})
    assert torch.equal(files.load_file(tmp_path / "y")["x"], tensor)


def test_bfloat16_becomes_what_pytorch_makes_of_it(tmp_path):
    numbers = torch.arange(65536, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    files.save_file({"x": numbers}, tmp_path / "x")
    found = mt.load(tmp_path / "x")["x"]
    np.testing.assert_array_equal(found, numbers.float().numpy())


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2"])
def test_numbers_of_8_bits_are_refused(tmp_path, kind):
    files.save_file({"x": torch.ones(4).to(getattr(torch, kind))}, tmp_path / "x")
    with pytest.raises(mt.errors.FileFormatError, match=r"F8_E.M.\w*, for 'x'"):
        mt.load(tmp_path / "x")


def test_the_zip_of_torch_save_is_refused_by_its_name(tmp_path):
    torch.save(theirs().state_dict(), tmp_path / "x")
    with pytest.raises(mt.errors.FileFormatError, match="a zip file or a pickle"):
        mt.load(tmp_path / "x")
