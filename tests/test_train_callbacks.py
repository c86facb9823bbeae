"""Callbacks: when they are called, and what those of the library do."""

import csv
import math

import numpy as np
import pytest

from microtensor import data, losses, nn, optim, train
from microtensor.errors import ArgumentError

X, Y = data.moons(64, noise=0.1, rng=0)


def network():
    return nn.MLP(2, [8, 2], activation="tanh", rng=0)


def fit(net, *callbacks, epochs=3, lr=0.1, **options):
    return train.fit(
        net, losses.cross_entropy, data.batches(X, Y, size=32, rng=0), epochs=epochs,
        optimizer=optim.SGD(net.parameters(), lr=lr), callbacks=callbacks, progress=False,
        **options,
    )  # fmt: skip


class Diary(train.Callback):
    def __init__(self):
        self.moments = []

    def before_training(self, run):
        self.moments.append(f"before, {run.history.epochs} epochs")

    def after_step(self, run):
        assert all(p.grad is not None for p in run.model.parameters())
        self.moments.append(f"step {run.step} of epoch {run.epoch}, {run.steps} in all")

    def after_epoch(self, run):
        self.moments.append(f"epoch {run.epoch}, {run.history.epochs} in the history")

    def after_training(self, run):
        self.moments.append("after")


def test_callbacks_are_called_at_four_moments():
    diary = Diary()
    fit(network(), diary, epochs=2)
    assert diary.moments == [
        "before, 0 epochs",
        "step 1 of epoch 0, 1 in all",
        "step 2 of epoch 0, 2 in all",
        "epoch 0, 1 in the history",
        "step 1 of epoch 1, 3 in all",
        "step 2 of epoch 1, 4 in all",
        "epoch 1, 2 in the history",
        "after",
    ]


class Script(train.Callback):
    """Writes what it wants into the history, in place of the validation loss."""

    def __init__(self, numbers):
        self.numbers, self.weights = list(numbers), []

    def after_epoch(self, run):
        run.history["val_loss"][-1] = self.numbers[run.epoch]
        self.weights.append(run.model.state_dict())


def same(one, other):
    return all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("numbers", "options", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1, 0], {}, 6, 6),
        ([5, 3, 4, 4, 4, 4], {}, 4, 2),
        ([5, 3, 3, 3, 3, 3], {}, 4, 2),  # equal is no better
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5], {"min_delta": 0.3, "patience": 4}, 6, 5),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5], {"min_delta": 1}, 3, 1),
        ([5, 4, math.nan, 3, 3, 3], {}, 6, 4),
        ([math.nan, math.nan, 3, 3, 3, 3], {}, 2, 0),
        ([1, 2, 1, 1, 1, 1], {"mode": "max"}, 4, 2),
        ([5, 3, 4, 4, 4, 4], {"patience": 1}, 3, 2),
    ],
)
def test_early_stopping_waits_for_something_better(numbers, options, epochs, best):
    script = Script(numbers)
    stopping = train.EarlyStopping(**{"patience": 2, **options})
    net = network()
    history = fit(net, script, stopping, epochs=6, validation=(X, Y))
    assert (history.epochs, stopping.epoch) == (epochs, best)
    patience = stopping.patience
    reason = f"val_loss was no better for {patience} epochs"
    assert history.stopped == (reason if epochs < 6 or stopping.epoch <= 6 - patience else None)
    assert same(net.state_dict(), script.weights[best - 1 if best else -1])


def test_early_stopping_may_leave_the_last_weights():
    script, net = Script([1, 2, 3]), network()
    stopping = train.EarlyStopping(patience=2, restore_best=False)
    fit(net, script, stopping, validation=(X, Y))
    assert same(net.state_dict(), script.weights[-1])
    assert not same(net.state_dict(), script.weights[0])


def test_best_weights_are_put_back_and_never_stop():
    script, net = Script([3, 1, 2]), network()
    best = train.BestWeights()
    history = fit(net, script, best, validation=(X, Y))
    assert (best.best, best.epoch, history.epochs, history.stopped) == (1, 2, 3, None)
    assert same(net.state_dict(), script.weights[1])


def test_a_callback_begins_anew_with_each_training():
    stopping = train.EarlyStopping(patience=1)
    for _ in range(2):
        history = fit(network(), Script([2, 1, 1]), stopping, validation=(X, Y))
        assert (history.epochs, stopping.epoch) == (3, 2)


def test_whether_small_is_good_is_known_or_asked():
    net = network()
    for name in ("accuracy", "loss"):
        best = train.BestWeights(name)
        history = fit(net, best, metrics="accuracy")
        assert best.best == (max if name == "accuracy" else min)(history[name])
    with pytest.raises(ArgumentError) as error:
        fit(net, train.BestWeights("f"), metrics={"f": lambda t, o: 0.0})
    assert str(error.value) == (
        "BestWeights: is a small f good, or a large one?\n"
        '  expected  mode="min" or mode="max"\n  got       no mode'
    )
    with pytest.raises(ArgumentError) as error:
        fit(net, train.EarlyStopping("acuracy"), metrics="accuracy")
    assert str(error.value) == (
        "EarlyStopping: what it monitors was not measured.\n"
        "  expected  one of loss, accuracy, lr\n  got       'acuracy'"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: train.EarlyStopping(patience=0),
            "EarlyStopping: patience is too small.\n"
            "  expected  an integer of at least 1\n  got       0",
        ),
        (
            lambda: train.EarlyStopping(patience=1.5),
            "EarlyStopping: patience counts epochs.\n"
            "  expected  an integer of at least 1\n  got       1.5",
        ),
        (
            lambda: train.EarlyStopping(min_delta=-1),
            "EarlyStopping: min_delta is too small.\n"
            "  expected  a number of at least 0\n  got       -1",
        ),
        (
            lambda: train.BestWeights(mode="small"),
            "BestWeights: mode says whether small or large is good.\n"
            '  expected  "min", "max" or None\n  got       \'small\'',
        ),
        (
            lambda: train.GradientHealth(every=0),
            "GradientHealth: every is a number of steps.\n  expected  1, 2, 3 ...\n  got       0",
        ),
    ],
    ids=range(5),
)
def test_options_of_callbacks_that_cannot_be_are_refused(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message


def test_a_csv_log_holds_the_history_in_full(tmp_path):
    path = tmp_path / "log.csv"
    history = fit(network(), train.CSVLog(path), metrics="accuracy")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    for name in ("loss", "accuracy", "lr"):
        assert [float(row[name]) for row in rows] == history[name]


def test_averaged_weights_are_the_moving_average_and_the_models_at_the_end():
    net, seen = network(), []

    class Weights(train.Callback):
        def after_step(self, run):
            seen.append(run.model.state_dict())

    fit(net, Weights(), train.AverageWeights(decay=0.5))
    expected = seen[0]
    for weights in seen[1:]:
        expected = {key: 0.5 * expected[key] + 0.5 * weights[key] for key in weights}
    for key, x in net.state_dict().items():
        assert np.allclose(x, expected[key], rtol=0, atol=1e-6)
        assert not np.allclose(x, seen[-1][key], rtol=0, atol=1e-6)


# The health of gradients


def health_of(net, lr=0.1):
    health = train.GradientHealth(every=1)
    fit(net, health, epochs=1, lr=lr)
    return health, {row.name: row.verdict for row in health.rows}


def test_gradients_of_a_sound_network_are_well():
    health, verdicts = health_of(network())
    assert set(verdicts.values()) == {"ok"}
    p = dict(network().named_parameters())["layers.0.weight"]
    assert health.rows[0].rows == p.shape[0]


def test_an_epoch_of_few_steps_is_looked_at():
    health = train.GradientHealth(every=10)
    fit(network(), health, epochs=2)
    assert len(health.rows) == 4


def test_closed_units_are_dead():
    net = nn.MLP(2, [8, 2], activation="relu", rng=0)
    net.layers[0].bias.data = np.full(8, -100.0)
    assert health_of(net)[1]["layers.0.weight"] == "dead"


def test_gradients_vanish_through_many_sigmoids():
    net = nn.MLP(2, [8] * 12 + [2], activation="sigmoid", rng=0)
    verdicts = health_of(net)[1]
    assert verdicts["layers.0.weight"] == "vanishing"
    assert verdicts["layers.12.weight"] == "ok"


def test_gradients_explode_through_large_weights():
    net = nn.MLP(2, [8] * 6 + [2], activation="relu", rng=0)
    for layer in net.layers:
        layer.weight.data = 20 * layer.weight.data
    assert "exploding" in health_of(net, lr=1e-12)[1].values()


def test_health_is_a_table_in_words_and_numbers():
    net = nn.MLP(2, [8, 2], activation="relu", rng=0)
    assert str(train.GradientHealth()) == "no gradients yet"
    net.layers[0].bias.data = np.full(8, -100.0)
    lines = str(health_of(net)[0]).split("\n")
    assert lines[0] == "parameter          entries       norm    dead rows  verdict"
    assert lines[1] == "layers.0.weight   0.00e+00   0.00e+00       8 of 8  dead"
    assert lines[4].startswith("layers.1.bias ")
    assert lines[4].endswith(" 0 of 2  ok")


# The history


def test_a_history_is_lists_by_name():
    history = fit(network(), metrics="accuracy", validation=(X, Y))
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy", "lr"]
    assert all(type(x) is float for name in history for x in history[name])
    assert dict(history) == {k: x for k, x in history.to_dict().items() if k != "seconds"}
    assert repr(history) == "History(3 epochs of loss, accuracy, val_loss, val_accuracy, lr)"
    with pytest.raises(KeyError) as error:
        history["f1"]
    assert error.value.args[0] == (
        "'f1' was not measured; there is: loss, accuracy, val_loss, val_accuracy, lr"
    )


def test_a_history_prints_as_a_small_table_however_long_it_is():
    history = train.History()
    for i in range(1000):
        history.append({"loss": 1 / (i + 1)}, seconds=0.5)
    history.stopped = "enough"
    lines = str(history).split("\n")
    assert len(lines) == 14
    assert lines[0] == "epoch      loss  seconds"
    assert lines[1] == "    1         1     0.50"
    assert lines[12] == " 1000     0.001     0.50"
    assert lines[13] == "stopped: enough"


def test_a_name_that_comes_later_was_not_measured_before():
    history = train.History()
    history.append({"loss": 1.0}, 0.1)
    history.append({"loss": 2.0, "more": 3.0}, 0.1)
    assert math.isnan(history["more"][0])
    assert history["more"][1] == 3.0


def test_a_csv_file_can_be_written_from_a_history(tmp_path):
    history = train.History()
    history.append({"loss": 0.1}, 1.0)
    text = history.to_csv(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text() == text == "epoch,loss,seconds\n1,0.1,1.0\n"
