"""Health: each rule with its number and its limit, and a healthy model that is left in peace."""

from __future__ import annotations

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim, train, viz
from microtensor.errors import ArgumentError

X = np.random.default_rng(0).standard_normal((32, 2))
Y = np.sin(X[:, :1])


def net(activation="tanh", seed=0):
    return nn.MLP(2, [8, 8, 1], activation=activation, rng=seed)


def loss_of(model, scale=1.0):
    return losses.mse(model(X), scale * Y)


def rules(report):
    return {(finding.rule, finding.where) for finding in report}


def test_a_model_that_is_well_is_called_so():
    model = net()
    report = viz.health(loss_of(model))
    assert bool(report)
    assert list(report) == []
    assert str(report) == "graph of 14 values: well"


def test_a_closed_unit_is_counted_in_its_layer():
    model = net("relu", seed=3)
    model.layers[1].bias.data = [-99.0] * 3 + [1.0] * 5
    (found,) = [f for f in viz.health(loss_of(model)) if "layers.1, " in f.where]
    assert found[:4] == ("dead", "layers.1, a ReLU", "layers.1", "3 of 8 dead")
    assert (found.number, found.limit) == (3 / 8, 0.0)
    assert found.told == "3 of 8 units gave 0 for all 32 rows of the batch; limit: 0."
    assert not [f for f in viz.health(loss_of(model), dead=0.5) if "layers.1, " in f.where]


def test_channels_of_images_are_units():
    model = nn.Sequential(nn.Conv2d(1, 3, 3, rng=0), nn.ReLU())
    model[0].bias.data = [-99.0, 99.0, -99.0]
    (found,) = viz.health(model(np.ones((4, 1, 5, 5))).sum(), rows=0.9)
    assert found.short == "2 of 3 dead"
    lines = nn.Sequential(nn.Conv1d(1, 3, 3, rng=0), nn.ReLU())
    lines[0].bias.data = [-99.0, 99.0, -99.0]
    (found,) = viz.health(lines(np.ones((4, 1, 5))).sum(), rows=0.9)
    assert found.short == "2 of 3 dead"


@pytest.mark.parametrize(("activation", "kind"), [("tanh", "a tanh"), ("sigmoid", "a sigmoid")])
def test_a_flat_layer_is_saturated(activation, kind):
    model = net(activation)
    model.layers[0].weight.data = model.layers[0].weight.data * 1e4
    found = next(f for f in viz.health(loss_of(model)) if f.rule == "saturated")
    assert found.where == f"layers.0, {kind}"
    pre = X.astype(np.float32) @ model.layers[0].weight.data.T + model.layers[0].bias.data
    y = np.tanh(pre) if activation == "tanh" else 0.5 * (1 + np.tanh(pre / 2))
    flat = np.abs(y) > 0.97 if activation == "tanh" else (y < 0.02) | (y > 0.98)
    assert found.number == pytest.approx(np.mean(flat))
    assert not [f for f in viz.health(loss_of(model), saturated=1.0) if f.rule == "saturated"]


def test_gradients_that_explode_are_measured_by_their_norm():
    model = net()
    loss = loss_of(model, scale=1e5)
    report = viz.health(loss)
    loss.backward()
    bias = model.layers[2].bias
    found = next(f for f in report if f.where == "layers.2.bias")
    assert found.rule == "exploding"
    assert found.number == pytest.approx(float(np.linalg.norm(bias.grad)))
    assert found.is_error
    assert not viz.health(loss, exploding=1e9)._repr_html_().count("exploding")


def test_a_gradient_that_vanishes_is_measured_beside_the_largest():
    model = net()
    model.layers[2].weight.data = model.layers[2].weight.data * 1e-6
    assert ("vanishing", "layers.0.weight") in rules(viz.health(loss_of(model)))
    assert not [f for f in viz.health(loss_of(model), vanishing=0) if f.rule == "vanishing"]


def test_a_parameter_that_is_not_used_is_not_reached():
    class Forgetful(nn.Module):
        def __init__(self):
            self.used, self.unused = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=0)

        def forward(self, x):
            return self.used(x)

    model = Forgetful()
    report = viz.health(loss_of(model))
    assert rules(report) == {("unreached", "unused.weight"), ("unreached", "unused.bias")}
    assert not viz.health(loss_of(model))
    model.unused.freeze()
    assert viz.health(loss_of(model))


def test_updates_are_compared_with_the_weights():
    model = net()
    loss = loss_of(model)
    assert viz.health(loss, lr=0.01)
    small = viz.health(loss, lr=1e-9)
    large = viz.health(loss, lr=1e3)
    loss.backward()
    w = model.layers[0].weight
    ratio = float(np.linalg.norm(w.grad) / np.linalg.norm(w.data))
    for report, lr, word in ((small, 1e-9, "small update"), (large, 1e3, "large update")):
        found = next(f for f in report if f.where == "layers.0.weight")
        assert (found.rule, found.short) == ("update", word)
        assert found.number == pytest.approx(lr * ratio, rel=1e-5)


@pytest.mark.parametrize("rule", ["nan", "infinite"])
def test_the_first_operation_that_is_not_finite_is_named(rule):
    x = mt.Value([-1.0 if rule == "nan" else 0.0, 1.0], name="x")
    with np.errstate(all="ignore"):
        (found,) = viz.health((np.log(x) * 2.0 + 1.0).sum())
    word = "NaN" if rule == "nan" else "infinity"
    assert found.rule == rule
    assert found.told == (
        f"log is the first to give {word}, of finite numbers, in 1 of 2 entries; limit: 0."
    )


def test_a_rule_that_spoils_a_gradient_is_named():
    x = mt.Value([0.0, 4.0], name="x")
    (found,) = viz.health(np.sqrt(x).sum())
    assert found.told == (
        "backward, the rule of sqrt is the first to give infinity, for x, in 1 of 2 entries; "
        "limit: 0."
    )


@pytest.mark.parametrize("place", ["parameter", "data"])
def test_numbers_that_were_given_spoiled_are_told_from_those_made_so(place):
    model, x = net(), X.copy()
    if place == "parameter":
        model.layers[0].weight.data = np.full((8, 2), np.nan)
    else:
        x[0, 0] = np.nan
    report = viz.health(losses.mse(model(x), Y))
    assert report.findings[0].rule == "nan"
    told = report.findings[0].told
    if place == "parameter":
        assert report.findings[0].where == "layers.0.weight"
        assert told == "16 of 16 entries are NaN as given; limit: 0."
    else:
        assert told == "an array that linear was given holds NaN or infinity; limit: 0."


def test_a_model_is_judged_by_the_gradients_it_holds():
    model = net()
    report = viz.health(model)
    assert report.notes == ("No gradients yet: examine the loss, or call backward() first.",)
    loss_of(model, 1e5).backward()
    assert {f.rule for f in viz.health(model)} == {"exploding"}
    model.layers[0].bias.data = [np.inf] * 8
    assert ("infinite", "layers.0.bias") in rules(viz.health(model))


def test_gradients_are_judged_as_training_judges_them():
    """The same verdicts as train.GradientHealth gives, on models that are ill in each way."""
    ill = {
        "ok": (net(), 1.0), "exploding": (net(), 1e6), "dead": (net("relu"), 1.0),
        "vanishing": (net(), 1.0),
    }  # fmt: skip
    ill["dead"][0].layers[0].bias.data = [-99.0] * 8
    ill["vanishing"][0].layers[2].weight.data = ill["vanishing"][0].layers[2].weight.data * 1e-6
    for kind, (model, scale) in ill.items():
        watched = train.GradientHealth(every=1)
        train.fit(
            model, losses.mse, [(X, scale * Y)], optimizer=optim.SGD(model.parameters(), lr=1e-30),
            epochs=1, callbacks=[watched], progress=False,
        )  # fmt: skip
        model.zero_grad()
        loss_of(model, scale).backward()
        theirs = {(row.verdict, row.name) for row in watched.rows if row.verdict != "ok"}
        assert rules(viz.health(model)) == theirs
        assert kind in {row.verdict for row in watched.rows}


def test_nothing_is_touched():
    model = net()
    loss = loss_of(model)
    viz.health(loss)
    assert all(p.grad is None for p in model.parameters())
    loss.backward()


def test_numbers_without_a_model_are_examined_by_their_names():
    x, w = mt.Value(2.0, name="x"), mt.Value(1e6, name="w")
    assert rules(viz.health(x * x * w)) == {("exploding", "x"), ("vanishing", "w")}
    report = viz.health(mt.Value([1.0, 2.0], name="v") * 2.0)
    assert report.notes == ("No gradients, as the output is not one number: examine the loss.",)


def test_the_report_says_alike_hints_once_and_fits_80_columns():
    model = net()
    text = str(viz.health(loss_of(model, 1e5)))
    assert text.count("✗ exploding") > 1
    assert text.count("clip gradients") == 1
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: viz.health(3.0),
            "health: there is nothing to examine.\n"
            "  expected  a Value, such as a loss, or a model\n"
            "  got       a float",
        ),
        (
            lambda: viz.health(net(), exploding=-1),
            "health: exploding is not a limit.\n  expected  a number of at least 0\n  got       -1",
        ),
        (
            lambda: viz.health(net(), update=0.1),
            "health: update is not a limit.\n"
            "  expected  two numbers of at least 0\n"
            "  got       0.1",
        ),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ArgumentError) as error:
        call()
    assert str(error.value) == message
