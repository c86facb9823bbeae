"""The summary: what the table says, how it fits, and that looking changes nothing."""

from __future__ import annotations

import io
import random
import re
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, tables, viz
from microtensor.errors import ArgumentError
from microtensor.viz import trials
from microtensor.viz.expansion import calls_of
from microtensor.viz.flops import flops_of


def small():
    """A model and its input whose numbers can be checked by hand."""
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    net[0].weight.data = [[1.0, 0.0], [0.0, -1.0]]
    net[0].bias.data = [0.0, 0.0]
    net[2].weight.data = [[3.0, 5.0]]
    net[2].bias.data = [1.0]
    return net, np.array([[1.0, 2.0], [3.0, 4.0]])


def total(y):
    return y.sum()


def test_the_whole_table_of_a_small_model_by_hand():
    net, x = small()
    text = viz.summary(net, x, loss=total).to_text(width=80, color=False, ascii=False)
    # y = 3 relu(x1) + 5 relu(-x2) + 1 gives 4 and 10. Gradients: 12, 18, 0, 0; 6, 0; 4, 0; 2.
    # Operations: 16 in the first product and 4 for its bias, 4 rectified, 8 and 2.
    assert text.splitlines() == [
        "Sequential · 9 parameters · 36 B · train · 2×2 → 2×1 · 34 FLOPs forward",
        "40 B of activations · loss 14 · ‖∇‖ 22.9",
        "module          output  params  data  μ ± σ    grad  μ ± σ    health",
        "───────────────────────────────────────────────────────────────────────────",
        "0  Linear(2→2)  2×2          6      0 ± 0.58    6.00 ± 6.93   ok",
        "1  ReLU         2×2          —   1.00 ± 1.22    4.00 ± 1.00   ! 1 of 2 dead",
        "2  Linear(2→1)  2×1          3   3.00 ± 1.63    2.00 ± 1.63   ok",
        "data and grad are the parameters', or the output's where a module has none",
    ]


def test_the_same_table_in_ascii_keeps_its_lines():
    net, x = small()
    text = viz.summary(net, x, cols="shape", width=40).to_text(ascii=True, color=False)
    assert text.splitlines()[-7:] == [
        "+-----------------+--------+",
        "| module          | output |",
        "+-----------------+--------+",
        "| 0  Linear(2->2) | 2x2    |",
        "| 1  ReLU         | 2x2    |",
        "| 2  Linear(2->1) | 2x1    |",
        "+-----------------+--------+",
    ]
    assert viz.summary(net, x, loss=total).to_text(120, ascii=True).isascii()


def models():
    rng = np.random.default_rng(0)
    image = rng.standard_normal((4, 1, 8, 8))
    return {
        "mlp": (nn.MLP(2, [16, 16, 1], rng=0), (np.ones((3, 2)),)),
        "convolutions": (
            nn.Sequential(
                nn.Conv2d(1, 4, 3, rng=0), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(), nn.Dropout(0.5, rng=0), nn.Linear(36, 10, rng=0),
            ),
            (image,),
        ),
        "transformer": (
            nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2),
            (rng.standard_normal((2, 5, 16)),),
        ),
        "lstm": (nn.LSTM(3, 4, num_layers=2, rng=0), (rng.standard_normal((5, 2, 3)),)),
        "embedding": (
            nn.Sequential(nn.Embedding(7, 4, rng=0), nn.Linear(4, 2, rng=0)),
            (np.array([[1, 2], [3, 4]]),),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(models()))
def test_no_line_is_wider_than_the_terminal_and_none_is_wrapped(name):
    model, inputs = models()[name]
    every = ("shape", "params", "trainable", "mode", "memory", "flops", "data", "grad", "health")
    for cols in (None, every):
        table = viz.summary(model, *inputs, cols=cols)
        for width in (24, 30, 40, 60, 80, 120):
            lines = table.to_text(width, color=False, ascii=False).splitlines()
            assert max(map(tables.extent, lines)) <= width
            body = [line for line in lines if line.strip("│ ").startswith(("0", "layers.0"))]
            assert len(body) <= 2
        assert len(table.to_text(300).splitlines()) <= len(table.rows) + 8


@pytest.mark.parametrize("name", list(models()))
def test_the_rows_add_up_to_the_totals(name):
    model, inputs = models()[name]
    table = viz.summary(model, *inputs)
    assert sum(row.params for row in table.rows) == sum(p.size for p in model.parameters())
    assert sum(row.flops for row in table.rows) == table.flops > 0
    assert sum(row.memory for row in table.rows) == table.activation_bytes > 0


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_what_is_deeper_counts_to_the_module_around_it(depth):
    model, inputs = models()["transformer"]
    table = viz.summary(model, *inputs, depth=depth)
    assert max(row.path.count(".") for row in table.rows) <= depth
    assert sum(row.params for row in table.rows) == table.parameters
    assert table.flops == viz.summary(model, *inputs).flops


def work_of(f, *arrays):
    y = f(*(mt.Value(a) for a in arrays))
    return sum(flops_of(call) for call in calls_of(mt.graph.ancestors(y), expand=True))


@pytest.mark.parametrize(
    ("f", "shapes", "flops"),
    [
        (lambda a, b: a @ b, [(6, 3), (3, 4)], 2 * 6 * 3 * 4),
        (lambda a, b: a @ b, [(5, 6, 3), (5, 3, 4)], 2 * 5 * 6 * 3 * 4),
        (lambda a, b: np.einsum("ij,jk->ik", a, b), [(6, 3), (3, 4)], 2 * 6 * 3 * 4),
        (lambda a: np.tanh(a), [(6, 3)], 18),
        (lambda a: np.sum(a), [(6, 3)], 18),
        (lambda a, b: a + b, [(6, 3), (3,)], 18),
        (lambda a: np.reshape(a, (3, 6)), [(6, 3)], 0),
        # Every output of a 3 × 3 kernel over 2 channels: 18 products, and as many additions.
        (lambda a, w: mt.conv2d(a, w), [(1, 2, 5, 5), (4, 2, 3, 3)], 2 * (4 * 3 * 3) * 18),
        (lambda a, w: mt.conv_transpose2d(a, w), [(1, 2, 3, 3), (2, 4, 3, 3)], 2 * 18 * 36),
    ],
)
def test_operations_are_those_counted_by_hand(f, shapes, flops):
    assert work_of(f, *(np.ones(shape) for shape in shapes)) == flops


# Nothing is changed


class Noisy(nn.Module):
    """A model that changes all that a forward can change."""

    def __init__(self):
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout(0.5, rng=7)
        self.own = nn.Dropout(0.5)  # draws from the process's generator
        self.linear = nn.Linear(3, 2, rng=0)
        self.generators = {"a": [np.random.RandomState(1)]}
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.last = x
        np.random.random()  # noqa: NPY002
        random.random()
        self.generators["a"][0].random()
        return self.linear(self.own(self.drop(self.norm(x))))


def fingerprint(net):
    """Write down all that a call of the model could change."""
    return repr(
        [
            [(name, x.data.tobytes(), x.number) for name, x in net.named_state()],
            [p.grad if p.grad is None else p.grad.tobytes() for p in net.parameters()],
            [m.training for m in net.modules()],
            sorted(vars(net)),
            net.calls,
            mt.randomness.get_state(),
            net.drop.rng.bit_generator.state,
            net.generators["a"][0].get_state(legacy=True)[2],
            np.random.get_state()[2],  # noqa: NPY002
            random.getstate()[1][-1],
        ]
    )


X = np.random.default_rng(3).standard_normal((6, 3))


@pytest.mark.parametrize("mode", [True, False])
def test_looking_changes_nothing(mode):
    net = Noisy().train(mode)
    net(X).sum().backward()
    before = fingerprint(net)
    viz.summary(net, X, loss=total)
    viz.summary(net)
    assert fingerprint(net) == before


def test_a_call_without_protection_would_be_noticed():
    net = Noisy()
    before = fingerprint(net)
    net(X)
    assert fingerprint(net) != before


def test_what_a_failing_call_changed_is_put_back_too():
    net = Noisy()
    before = fingerprint(net)
    with pytest.raises(ZeroDivisionError):
        viz.summary(net, X, loss=lambda y: 1 / 0)
    assert fingerprint(net) == before
    assert not mt.nn.hooks.hooked


def test_a_graph_from_before_can_still_be_differentiated():
    net = Noisy()
    loss = net(X).sum()
    viz.summary(net, X, loss=total)
    loss.backward()  # would be stale, if a parameter had seemed to change
    assert net.linear.weight.grad is not None


def test_a_buffer_that_is_written_into_is_put_back():
    class Counting(nn.Module):
        def __init__(self):
            self.seen = nn.Buffer(np.zeros(2))

        def forward(self, x):
            self.seen.data[...] += 1
            return x * 1.0

    net = Counting()
    with trials.unchanged(net):
        net(X)
        assert net.seen.data.tolist() == [1, 1]
    assert net.seen.data.tolist() == [0, 0]


def test_it_works_where_nothing_is_recorded():
    net, x = small()
    with mt.no_grad():
        table = viz.summary(net, x, loss=total)
        assert not mt.graph.is_recording()
    assert table.loss == 14
    assert table.grad_norm == pytest.approx(np.sqrt(524))


# What it says


def test_without_inputs_it_says_what_can_be_known():
    net, _ = small()
    table = viz.summary(net)
    assert (table.parameters, table.flops, table.loss) == (9, None, None)
    head = table.to_text(80, color=False, ascii=False).splitlines()
    assert head[0] == "Sequential · 9 parameters · 36 B · train"
    assert "output" not in head[2]
    assert [row.health for row in table.rows] == ["ok", "", "ok"]


def test_gradients_that_are_there_are_shown_without_a_loss():
    net, x = small()
    net(x).sum().backward()
    assert viz.summary(net).grad_norm == pytest.approx(np.sqrt(524))
    assert viz.summary(net).rows[0].grad.tolist() == [12, 18, 0, 0, 6, 0]


def test_frozen_parameters_count_and_are_not_trained():
    net, x = small()
    net[0].freeze()
    table = viz.summary(net, x, loss=total)
    assert (table.parameters, table.trainable) == (9, 3)
    assert table.flops == 34
    assert table.rows[0].grad is None
    assert "9 parameters (3 trained)" in str(table)
    assert "│ trained │" in table.to_text(120, color=False, ascii=False)
    assert not net[0].weight.requires_grad


def test_a_shared_module_is_one_row_and_its_parameters_count_once():
    layer = nn.Linear(2, 2, rng=0)
    net = nn.Sequential(layer, nn.Tanh(), layer)
    table = viz.summary(net, np.ones((1, 2)))
    assert [row.label for row in table.rows] == ["0  Linear(2→2) ×2", "1  Tanh"]
    assert (table.parameters, table.rows[0].calls) == (6, 2)


def test_a_shared_parameter_counts_where_it_comes_first():
    net = nn.Sequential(nn.Linear(2, 2, bias=False, rng=0), nn.Linear(2, 2, bias=False, rng=0))
    net[1].weight = net[0].weight
    table = viz.summary(net)
    assert [(row.params, row.shared) for row in table.rows] == [(4, False), (0, True)]
    assert "shared" in table.to_text(80)


def test_what_a_model_does_by_itself_has_a_row():
    class Own(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(2, 3, rng=0)

        def forward(self, x):
            return mt.relu(self.inner(x) - 100)

    table = viz.summary(Own(), np.ones((4, 2)))
    assert [(row.path, row.health) for row in table.rows] == [
        ("", "! 3 of 3 dead"), ("inner", "ok"),
    ]  # fmt: skip


def test_modes_are_a_column_where_they_differ():
    net, x = small()
    assert "mode" not in str(viz.summary(net, x))
    net[1].eval()
    assert "eval" in viz.summary(net, x).to_text(120)


def test_nan_is_told_by_the_module_that_made_it():
    class Log(nn.Module):
        def forward(self, x):
            return np.log(x)

    net = nn.Sequential(nn.Linear(2, 2, rng=0), Log(), nn.Linear(2, 1, rng=0))
    net[0].bias.data = [-9.0, -9.0]
    table = viz.summary(net, np.ones((3, 2)), loss=total)
    assert [row.health for row in table.rows] == ["ok", "✗ NaN", "ok"]
    assert "\033[31;1m✗ NaN" in table.to_text(80, color=True)
    assert "X NaN" in table.to_text(80, ascii=True)


# Where it is shown


class Screen(io.TextIOWrapper):
    """Standard output of another kind."""

    def __init__(self, encoding, tty):
        super().__init__(io.BytesIO(), encoding=encoding)
        self.tty = tty

    def isatty(self):
        return self.tty


@pytest.mark.parametrize(
    ("tty", "no_color", "colored"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, tty, no_color, colored):
    net, x = small()
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Screen("utf-8", tty))
    text = str(viz.summary(net, x))
    monkeypatch.undo()
    assert ("\033[" in text) == colored
    assert "! 1 of 2 dead" in re.sub(r"\033\[[\d;]*m", "", text)


@pytest.mark.parametrize(
    ("encoding", "ascii"), [("utf-8", False), ("ascii", True), ("cp437", True)]
)
def test_ascii_is_for_outputs_that_know_nothing_else(monkeypatch, encoding, ascii):
    net, x = small()
    monkeypatch.setattr(sys, "stdout", Screen(encoding, False))
    text = str(viz.summary(net, x))
    monkeypatch.undo()
    assert text.isascii() == ascii
    text.encode(encoding)


def test_the_width_of_the_terminal_is_found_out(monkeypatch):
    net, x = small()
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, str(viz.summary(net, x)).splitlines())) <= 40


def test_a_notebook_gets_a_table_in_which_names_do_no_harm():
    kind = type("<script>", (nn.Tanh,), {})
    html = viz.summary(nn.Sequential(kind()), np.ones((2, 2)))._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert html.count("<tr>") == html.count("</tr>") == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda net, x: viz.summary(mt.Value(1.0)),
            "summary: only a model has modules.\n"
            "  expected  a module, such as nn.MLP(2, [4, 1])\n"
            "  got       a Value\n"
            "  For a Value's graph: mt.draw, mt.explain or viz.health.",
        ),
        (
            lambda net, x: viz.summary(net, cols=("shape", "colour")),
            "summary: there is no column 'colour'.\n"
            "  expected  some of shape, params, trainable, mode, memory, flops, data, grad, "
            "health\n"
            "  got       ('shape', 'colour')",
        ),
        (
            lambda net, x: viz.summary(net, width=5),
            "summary: width does not fit.\n"
            '  expected  a whole number of at least 24, or "auto"\n'
            "  got       5",
        ),
        (
            lambda net, x: viz.summary(net, depth=-1),
            "summary: depth does not fit.\n"
            "  expected  a whole number of at least 0\n"
            "  got       -1",
        ),
        (
            lambda net, x: viz.summary(net, color="red"),
            "summary: color does not fit.\n  expected  True, False or \"auto\"\n  got       'red'",
        ),
        (
            lambda net, x: viz.summary(net, loss=total),
            "summary: a loss needs an output to be made of.\n"
            "  expected  inputs to call the model with, as in summary(model, x, loss=...)\n"
            "  got       no inputs",
        ),
        (
            lambda net, x: viz.summary(net, x, loss=lambda y: y),
            "summary: loss must make one number of the model's output.\n"
            "  expected  a function such as lambda y: losses.mse(y, target)\n"
            "  got       a function that gave a Value of shape (2, 1)",
        ),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ArgumentError) as error:
        call(*small())
    assert str(error.value) == message


def test_losses_of_the_room_can_be_given():
    net, x = small()
    assert viz.summary(net, x, loss=lambda y: losses.mse(y, y.data)).loss == 0
