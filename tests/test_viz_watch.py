"""The recorder: what it sees is what was there, and training goes on as if nobody looked."""

from __future__ import annotations

import json

import numpy as np
import pytest

import microtensor as mt
from microtensor import data, losses, nn, optim, train, viz
from microtensor.errors import ArgumentError
from microtensor.viz import signed_logs, watching

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 2))
Y = np.sin(X[:, :1])


def model():
    return nn.Sequential(
        nn.Linear(2, 8, rng=0), nn.ReLU(), nn.Dropout(0.5, rng=1), nn.Linear(8, 1, rng=2)
    )


def steps(net, n, zero_first=False, look=lambda loss: None):
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for _ in range(n):
        if zero_first:
            optimizer.zero_grad()
        loss = losses.mse(net(X), Y)
        if not zero_first:
            optimizer.zero_grad()
        loss.backward()
        look(loss)
        optimizer.step()


# The histograms


@pytest.mark.parametrize("bins", [4, 24, 48])
def test_every_number_is_counted_once_in_the_bin_of_its_size(bins):
    x = np.concatenate(
        [s * 10.0 ** RNG.uniform(-7.9, 3.9, 500) for s in (1, -1)] + [[0.0, 0.0, np.nan, np.inf]]
    )
    seen = signed_logs.counted(x, 1, bins)
    full = x[np.isfinite(x) & (x != 0)]
    expected, _ = np.histogram(full, bins=signed_logs.edges(bins))
    assert seen.counts.tolist() == expected.tolist()
    assert (seen.zeros, seen.not_finite) == (2, 2)
    assert seen.counts[::-1].tolist() != expected.tolist()  # a mirrored count would be noticed


def test_what_is_beyond_the_last_bin_counts_to_it():
    seen = signed_logs.counted([1e-300, -1e-300, 5e-324, 1e300, -1e300], 1, 4)
    assert seen.counts.tolist() == [1, 1, 2, 1]


# What is seen


@pytest.mark.parametrize("zero_first", [False, True])
def test_gradients_weights_and_updates_are_those_of_the_steps_looked_at(zero_first):
    net = model()
    expected = []

    def look(loss):
        expected.append((net[0].weight.data.copy(), net[0].weight.grad.copy()))

    with viz.watch(net, every=3) as seen:
        steps(net, 8, zero_first, look)
    weights = seen.seen["weights"]["0.weight"]
    assert [row.step for row in weights] == [1, 4, 7]
    for row, other, grads, update, (_, ratio) in zip(
        weights, [expected[i] for i in (0, 3, 6)], seen.seen["gradients"]["0.weight"],
        seen.seen["updates"]["0.weight"], seen.ratios["0.weight"], strict=True,
    ):  # fmt: skip
        w, g = other
        assert row.counts.tolist() == signed_logs.counted(w, 1, 48).counts.tolist()
        assert grads.mean == pytest.approx(float(g.mean()), rel=1e-5, abs=1e-9)
        assert grads.counts.sum() + grads.zeros == g.size
        assert ratio == pytest.approx(0.1 * np.linalg.norm(g) / np.linalg.norm(w), rel=1e-3)
        assert update.zeros == pytest.approx(grads.zeros, abs=1)
    assert expected[0][1].mean() != pytest.approx(expected[3][1].mean())


def test_activations_are_those_of_each_layer():
    net = model()
    with viz.watch(net, every=1) as seen:
        loss = net(X)
        pre = X.astype(np.float32) @ net[0].weight.data.T + net[0].bias.data
    del loss
    rows = seen.seen["activations"]
    assert list(rows) == ["0", "1", "2", "3"]
    assert rows["0"][0].mean == pytest.approx(pre.mean(), rel=1e-5)
    assert rows["1"][0].zeros == int(np.sum(pre <= 0))


def test_training_goes_on_as_if_nobody_looked():
    alone, watched = model(), model()
    steps(alone, 10)
    with viz.watch(watched, every=2) as seen:
        steps(watched, 10)
        assert seen.steps == 10
    assert not mt.nn.hooks.hooked
    for name, x in alone.state_dict().items():
        assert np.array_equal(x, watched.state_dict()[name]), name


def test_validation_is_not_a_step():
    net = model()
    with viz.watch(net, every=1) as seen:
        net.eval()
        net(X)
        net.train()
        with mt.no_grad():
            net(X)
    assert seen.steps == 0
    assert str(seen) == "nothing was seen yet"


def test_fit_is_watched_with_its_gradients():
    net = model()
    with viz.watch(net, every=2) as seen:
        train.fit(
            net, losses.mse, data.batches(X, Y, size=4, rng=0),
            optimizer=optim.Adam(net.parameters(), lr=0.01), epochs=2, progress=False, rng=0,
        )  # fmt: skip
    assert [row.step for row in seen.seen["gradients"]["3.weight"]] == [1, 3, 5, 7]
    assert len(seen.ratios["3.weight"]) == 4


def test_memory_does_not_grow_with_training(monkeypatch):
    monkeypatch.setattr(watching, "_KEPT", 8)
    net = model()
    with viz.watch(net, every=1) as seen:
        steps(net, 60)
    rows = seen.seen["gradients"]["0.weight"]
    assert len(rows) <= 8
    assert seen.every == 8
    assert [row.step for row in rows] == list(range(1, 60, 8))


def test_a_frozen_parameter_has_no_gradient_and_no_update():
    net = model()
    net[0].freeze()
    with viz.watch(net, every=1) as seen:
        steps(net, 2)
    assert "0.weight" in seen.seen["weights"]
    assert "0.weight" not in seen.seen["gradients"]
    assert "0.weight" not in seen.ratios


def test_several_outputs_are_watched():
    net = nn.LSTM(2, 3, rng=0)
    with viz.watch(net, every=1) as seen:
        out, (h, c) = net(np.ones((4, 1, 2)))
        (out.sum() + c.sum()).backward()
        g = net.weight_hh_l0.grad
    assert seen.seen["gradients"]["weight_hh_l0"][0].std == pytest.approx(float(g.std()), rel=1e-5)
    assert list(seen.seen["activations"]) == ["LSTM"]
    assert h.shape == (1, 1, 3)


# What is shown


def watched(n=4):
    net = model()
    with viz.watch(net, every=1) as seen:
        steps(net, n)
    return seen


def test_everything_can_be_kept_as_json():
    seen = watched()
    found = json.loads(json.dumps(seen.to_json(), allow_nan=False))
    assert found["edges"] == signed_logs.edges(48).tolist()
    assert found["steps"] == 4
    first = found["activations"]["0"][0]
    assert first["counts"] == seen.seen["activations"]["0"][0].counts.tolist()
    assert found["ratios"]["0.bias"] == [list(pair) for pair in seen.ratios["0.bias"]]


def test_the_last_look_is_a_line_for_each():
    lines = watched().sparkline().splitlines()
    assert len(lines) == 4 + 3 * 4
    assert lines[1].startswith("activations 1  ▁▁▁▁▁▁▁")
    assert "% zero" in lines[1]
    assert max(map(len, lines)) <= 80


def test_the_figure_has_a_row_for_each_layer_and_the_looks_as_columns():
    figure = watched().figure()
    grid = np.array(figure.axes).reshape(4, 4)
    assert [axes.get_title(loc="left") for axes in grid[0]] == [
        "activations", "weights", "gradients", "update : weight",
    ]  # fmt: skip
    assert [axes.get_visible() for axes in grid[1]] == [True, False, False, False]
    picture = grid[0, 1].images[0].get_array()
    seen = watched().seen["weights"]["0.weight"]
    assert picture.shape == (48, 4)
    assert np.allclose(np.square(picture[:, 0]), seen[0].counts / 16)
    assert len(grid[0, 3].lines[-1].get_xdata()) == 4


def test_of_many_layers_some_are_shown():
    net = nn.Sequential(*[nn.Linear(2, 2, rng=i) for i in range(9)])
    with viz.watch(net, every=1) as seen:
        net(X)
    figure = seen.figure(layers=3)
    assert [axes.get_ylabel() for axes in figure.axes[::4]] == ["0", "4", "8"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: viz.watch(3),
            "watch: only a module can be watched.\n"
            "  expected  a module, such as nn.MLP(2, [4, 1])\n"
            "  got       a int",
        ),
        (
            lambda: viz.watch(model(), every=0),
            "watch: every does not fit.\n  expected  a number of steps: 1, 2, 3 ...\n  got       0",
        ),
        (
            lambda: viz.watch(model(), bins=7),
            "watch: bins does not fit.\n  expected  an even number from 4 on\n  got       7",
        ),
        (
            lambda: viz.watch(model()).figure(),
            "watch: nothing was seen yet.\n"
            "  expected  a call of the model inside of the with block, in train mode\n"
            "  got       none",
        ),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ArgumentError) as error:
        call()
    assert str(error.value) == message
