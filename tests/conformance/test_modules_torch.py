"""PyTorch's own modules on PyTorch's own samples: states, outputs and gradients.

Which is compared with which stands in ``counterparts.py``; what has no counterpart, and why, in
``left_out.py``; what disagrees in ``disagreements.py`` and, with the figures, in
``docs/conformance.md``, which ``python tests/conformance/page.py`` writes.
"""

import counterparts
import modules
import numpy as np
import page
import pytest
from counterparts import COUNTERPARTS, NAMES, outcomes_of
from disagreements import MODULE_DISAGREEMENTS
from left_out import MODULES_LEFT_OUT_NAMES
from operators import torch
from test_operators_torch import complaints

from microtensor import Value, losses, nn


@pytest.mark.parametrize("name", NAMES)
def test_a_module_agrees_on_every_sample_but_the_listed_ones(name):
    assert complaints(outcomes_of(name), MODULE_DISAGREEMENTS) == []


def test_nearly_everything_agrees_and_the_page_says_so():
    figures = page.figures({name: outcomes_of(name) for name in NAMES})
    assert figures.names >= 75
    assert figures.agreeing / figures.samples >= 0.99
    assert page.of_modules(figures) in page.PAGE.read_text(), "python tests/conformance/page.py"


def unaccounted(database, counterparts, left_out):
    """Name what is neither compared nor left out, or both, and what the database has not."""
    known = [*counterparts, *(name for names in left_out.values() for name in names)]
    twice = {name for name in known if known.count(name) > 1}
    return sorted((set(database) ^ set(known)) | twice)


def test_every_module_has_a_counterpart_or_is_left_out_with_a_reason():
    assert unaccounted(counterparts.database(), COUNTERPARTS, MODULES_LEFT_OUT_NAMES) == []


def test_new_stale_and_doubled_modules_are_seen():
    assert unaccounted(["nn.A", "nn.B"], ["nn.A"], {}) == ["nn.B"]
    assert unaccounted(["nn.A"], ["nn.A"], {"why": ["nn.B"]}) == ["nn.B"]
    assert unaccounted(["nn.A"], ["nn.A"], {"why": ["nn.A"]}) == ["nn.A"]
    assert unaccounted(["nn.A", "nn.B"], ["nn.A"], {"why": ["nn.B"]}) == []


def test_every_disagreement_is_of_a_module_that_is_compared():
    assert MODULE_DISAGREEMENTS.keys() <= set(NAMES)


def test_every_module_here_that_pytorch_has_is_compared():
    part_of_all = {"Module", "Parameter", "Buffer"}
    ours = {n for n in nn.__all__ if n[0].isupper() and hasattr(torch.nn, n)} - part_of_all
    assert ours - {name.removeprefix("nn.") for name in NAMES} == set()
    compared = {name.removeprefix("nn.") for name in NAMES} - counterparts.LOSSES.keys()
    assert compared - ours == set()
    functions = {f.__name__ for f in counterparts.LOSSES.values()}
    assert functions == set(losses.__all__) - {"hinge"}  # which PyTorch has not


# What follows shows the comparison something wrong, and it must object.


def complaint_about(name, counterpart):
    """Give the first complaint about a counterpart of a module, or nothing."""
    outcomes = modules.compare(counterparts.database()[name], counterpart)
    return next((o.complaint for o in outcomes if o.complaint), "")


def test_the_right_module_is_accepted():
    assert complaint_about("nn.Linear", nn.Linear) == ""
    assert complaint_about("nn.Tanh", nn.Tanh) == ""


class Negated(nn.Linear):
    def forward(self, x):
        return -super().forward(x)


class Cut(nn.Linear):
    """Its output is right, and leads nowhere."""

    def forward(self, x):
        return Value(super().forward(x).data, requires_grad=False)


class CutFromInput(nn.Linear):
    def forward(self, x):
        return super().forward(Value(x.data, requires_grad=False))


class CutFromBias(nn.Linear):
    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias.data


class DoubledGradient(nn.Linear):
    """Twice the gradient, and the right output."""

    def forward(self, x):
        y = super().forward(x)
        return 2 * y - y.data


class Renamed(nn.Module):
    def __init__(self, *args, dtype=None, **options):
        self.inner = nn.Linear(*args, dtype=dtype, **options)

    def forward(self, x):
        return self.inner(x)


class Transposed(nn.Linear):
    def __init__(self, *args, dtype=None, **options):
        super().__init__(*args, dtype=dtype, **options)
        self.weight = nn.Parameter(self.weight.data.T)

    def forward(self, x):
        return x @ self.weight + (0 if self.bias is None else self.bias)


class Frozen(nn.Linear):
    """Keeps its weight as a buffer, so that nothing trains it."""

    def __init__(self, *args, dtype=None, **options):
        super().__init__(*args, dtype=dtype, **options)
        self.weight, weight = None, self.weight
        self.weight = nn.Buffer(weight.data)


class Narrow(nn.Linear):
    def __init__(self, *args, dtype=None, **options):
        super().__init__(*args, dtype=np.float32, **options)


class OnlyTrained(nn.Linear):
    def forward(self, x):
        return super().forward(x) if self.training else super().forward(x) * 2


WRONG = [
    (Negated, "value is off by"),
    (Cut, "argument 0: first is off by"),
    (CutFromInput, "argument 0: first is off by"),
    (CutFromBias, "bias: first is off by"),
    (DoubledGradient, "argument 0: first is off by"),
    (Renamed, "its state has the keys ['inner.weight', 'inner.bias'] instead of"),
    (Transposed, "weight in its state is float64[10, 8] instead of float64[8, 10]"),
    (Frozen, "its state has the keys ['bias', 'weight'] instead of ['weight', 'bias']"),
    (Narrow, "weight in its state is float32[8, 10] instead of float64[8, 10]"),
    (OnlyTrained, "value is off by"),
    (lambda *args, dtype=None: nn.Linear(*args, dtype=dtype), "TypeError: <lambda>() got an"),
    (lambda *args, dtype=None, **options: np.tanh, "a function cannot hold parameters"),
]  # fmt: skip


WRONG_LOSSES = [
    (lambda **options: lambda x, t: losses.mse(x, t), "value is off by"),
    (lambda **options: lambda x, t: losses.mse(x, t)[None], "value has shape (1,) instead of ()"),
    (lambda **options: lambda x, t: losses.mse(x.data, t, **options), "argument 0: first"),
    (lambda **options: lambda x, t: losses.l1(x, t, **options), "value is off by"),
    (lambda **options: lambda x, t: (losses.mse(x, t, **options), x), "2 outputs instead of 1"),
    (lambda: losses.mse, "TypeError"),
]


@pytest.mark.parametrize(("wrong", "complaint"), WRONG_LOSSES)
def test_a_wrong_loss_is_seen(wrong, complaint):
    assert complaint_about("nn.MSELoss", lambda **options: losses.mse) != ""
    right = lambda **options: lambda x, t: losses.mse(x, t, **options)
    assert complaint_about("nn.MSELoss", right) == ""
    assert complaint_about("nn.MSELoss", wrong).startswith(complaint)


@pytest.mark.parametrize(("wrong", "complaint"), WRONG)
def test_a_wrong_module_is_seen(wrong, complaint):
    assert complaint_about("nn.Linear", wrong).startswith(complaint)


class Forgetful(nn.BatchNorm1d):
    """Its outputs are right, and it never learns the means that it will use."""

    def forward(self, x):
        kept = [b.data for b in self.buffers()]
        y = super().forward(x)
        for buffer, data in zip(self.buffers(), kept, strict=True):
            buffer.data = data
        return y


class AlwaysTraining(nn.BatchNorm1d):
    def forward(self, x):
        self.training = True
        return super().forward(x)


def test_a_wrong_state_afterwards_is_seen():
    assert complaint_about("nn.BatchNorm1d", nn.BatchNorm1d) == ""
    told = complaint_about("nn.BatchNorm1d", Forgetful)
    assert told.startswith("running_mean in its state afterwards: value is off by")


def test_a_module_that_is_wrong_only_in_use_is_seen():
    outcomes = modules.compare(counterparts.database()["nn.BatchNorm1d"], AlwaysTraining)
    wrong = [o.number for o in outcomes if o.complaint]
    assert wrong
    assert min(wrong) >= len(outcomes) // 2  # the samples of use come second
