"""Weights of every module move both ways in files, and give the same outputs there."""

import warnings

import pytest
from counterparts import NAMES, samples_of
from disagreements import MODULE_DISAGREEMENTS
from modules import call_both, different_outputs, make_ours, stir
from operators import torch

import microtensor as mt
from microtensor import nn

files = pytest.importorskip("safetensors.torch")

STATEFUL = """
    nn.BatchNorm1d nn.BatchNorm2d nn.Conv1d nn.Conv2d nn.ConvTranspose1d nn.ConvTranspose2d
    nn.Embedding nn.GRU nn.GRUCell nn.GroupNorm nn.LSTM nn.LSTMCell nn.LayerNorm nn.Linear
    nn.ModuleDict nn.ModuleList nn.MultiheadAttention nn.PReLU nn.ParameterList nn.RMSNorm nn.RNN
    nn.RNNCell nn.Sequential nn.TransformerEncoder nn.TransformerEncoderLayer
"""
WITH_STATE = STATEFUL.split()


def both(sample, counterpart, seed):
    """Make a sample's module twice, PyTorch's with weights moved by a seed; as they are used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sample.make().to(torch.float64).eval()
    stir(theirs, seed)
    return make_ours(sample, counterpart).eval(), theirs


def difference(sample, ours, theirs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return different_outputs(*call_both(sample, ours, theirs)[1:])


def largest(name):
    """Give the last sample of a module with the most in its state, and what makes ours."""
    disagree = MODULE_DISAGREEMENTS[name].samples if name in MODULE_DISAGREEMENTS else ()

    def size(each):
        sample = each[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            count = len(sample.make().state_dict())
        filled = all(x.numel() > 0 for x in sample.inputs.args if isinstance(x, torch.Tensor))
        return sample.number not in disagree, filled, count, sample.number

    return max(samples_of(name), key=size)


@pytest.mark.parametrize("name", WITH_STATE)
def test_what_pytorch_saved_is_loaded_here_and_gives_the_same_outputs(name, tmp_path):
    sample, counterpart = largest(name)
    ours, theirs = both(sample, counterpart, seed=1)
    assert difference(sample, ours, theirs) != ""  # the weights matter
    files.save_file(theirs.state_dict(), tmp_path / "theirs")
    mt.load(tmp_path / "theirs", ours)
    assert difference(sample, ours, theirs) == ""


@pytest.mark.parametrize("name", WITH_STATE)
def test_what_is_saved_here_is_loaded_by_pytorch_and_gives_the_same_outputs(name, tmp_path):
    sample, counterpart = largest(name)
    ours, theirs = both(sample, counterpart, seed=2)
    assert difference(sample, ours, theirs) != ""
    mt.save(tmp_path / "ours", ours)
    theirs.load_state_dict(files.load_file(tmp_path / "ours"))
    assert difference(sample, ours, theirs) == ""


def test_every_module_with_state_is_moved():
    with_state = []
    for name in NAMES:
        sample, counterpart = largest(name)
        ours = make_ours(sample, counterpart)
        if isinstance(ours, nn.Module) and ours.state_dict():
            with_state.append(name)
    assert sorted(with_state) == sorted(WITH_STATE)
