"""Training: `fit` is the plain loop, and everything around it leaves the numbers alone."""

import itertools
import warnings

import numpy as np
import pytest

from microtensor import Value, data, losses, nn, optim, train
from microtensor.errors import (
    ArgumentError,
    GradientError,
    ShapeError,
)

X, Y = data.moons(100, noise=0.1, rng=0)


def network(seed=0, **options):
    return nn.MLP(2, [8, 2], activation="tanh", rng=seed, **options)


def fit(net, given=(X, Y), make=optim.SGD, lr=0.1, loss=losses.cross_entropy, **options):
    options = {"progress": False, "rng": 0, "epochs": 2, **options}
    optimizer = options.pop("optimizer", None) or make(net.parameters(), lr=lr)
    return train.fit(net, loss, given, optimizer=optimizer, **options)


def numbers(net):
    return np.concatenate([x.ravel() for x in net.state_dict().values()])


# The plain loop


def plain_loop(net, optimizer, batches, epochs):
    means = []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            loss = losses.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward(leaves_only=True)
            optimizer.step()
            total += float(loss) * len(y)
        means.append(total / len(Y))
    return means


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.RMSprop])
def test_fit_gives_the_numbers_of_the_plain_loop(make):
    ours, plain = network(), network()
    history = fit(ours, make=make, epochs=3, metrics="accuracy", validation=(X, Y))
    batches = data.batches(X, Y, size=32, rng=0)
    means = plain_loop(plain, make(plain.parameters(), lr=0.1), batches, 3)
    assert np.array_equal(numbers(ours), numbers(plain))
    assert history["loss"] == means


CUT = [(X[i : i + 32], Y[i : i + 32]) for i in range(0, 100, 32)]
FORMS = {
    "a pair of arrays": (X, Y),
    "Examples": data.Examples(X, Y),
    "Batches": data.batches(X, Y, size=32, shuffle=False),
    "a list of batches": CUT,
    "a tuple of batches": tuple(CUT),
    "a list of lists": [[X, Y]],
    "a pair of lists": (X.tolist(), Y.tolist()),
    "a Value and an array": (Value(X), Y),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_may_come_in_many_forms(form):
    history = fit(network(), FORMS[form], epochs=2)
    assert history.epochs == 2
    assert history["loss"][1] < history["loss"][0]


class Rows:
    """A dataset."""

    def __len__(self):
        return 100

    def __getitem__(self, i):
        return X[i], Y[i]


def test_a_dataset_is_taken_as_its_rows_are():
    one, other = network(), network()
    fit(one, Rows())
    fit(other, (X, Y))
    assert np.array_equal(numbers(one), numbers(other))


class TwoInputs(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(1, 2, rng=0), nn.Linear(1, 2, rng=1)

    def forward(self, a, b):
        return self.first(a) + self.second(b)


def test_all_but_the_last_array_of_a_batch_are_inputs():
    net = TwoInputs()
    history = fit(net, (X[:, :1], X[:, 1:], Y), epochs=20, metrics="accuracy")
    assert history["accuracy"][-1] > 0.75


def test_data_that_are_no_data_are_refused():
    table = [
        (X, "a ndarray"),
        ({"x": X}, "a dict"),
        (3, "a int"),
        ((X,), "a tuple of 1"),
    ]
    for given, got in table:
        with pytest.raises(ArgumentError) as error:
            fit(network(), given)
        assert str(error.value) == (
            "fit: there is no data in this form.\n"
            "  expected  (x, y), data.batches(x, y, size=32), a dataset, or a list of (x, y) "
            f"batches\n  got       {got}"
        )


def test_data_that_end_after_one_round_are_refused():
    with pytest.raises(ArgumentError) as error:
        fit(network(), ((X, Y) for _ in range(3)), epochs=2)
    assert str(error.value) == (
        "fit: the data can be looped over only once.\n"
        "  expected  something that gives its batches anew in each of 2 epochs\n"
        "  got       a generator\n"
        "  Use data.batches(...), a list, or a class with __iter__."
    )
    assert fit(network(), ((X, Y) for _ in range(3)), epochs=1).epochs == 1


@pytest.mark.parametrize(
    ("batch", "got"), [(X, "one of shape (100, 2)"), ((X,), "1 alone"), ({"x": X}, "dict")]
)
def test_a_batch_without_targets_is_refused(batch, got):
    with pytest.raises(ArgumentError) as error:
        fit(network(), [batch])
    assert str(error.value) == (
        "fit: a batch must be a tuple: the inputs, then the targets.\n"
        f"  expected  (x, y)\n  got       {got}\n"
        "  Where there are no targets but the inputs, give them twice: (x, x)."
    )


def test_targets_without_rows_are_refused():
    with pytest.raises(ShapeError) as error:
        fit(network(), [(X, 1)])
    assert str(error.value) == (
        "fit: targets must have a row for each example.\n"
        "  expected  an array of at least one axis\n  got       1"
    )


def test_an_epoch_without_a_batch_is_an_error():
    with pytest.raises(ArgumentError) as error:
        fit(network(), [])
    assert str(error.value) == "fit: the data gave no batch.\n  expected  at least one an epoch"


def test_a_loss_that_left_the_graph_is_an_error():
    net = network()
    with pytest.raises(GradientError) as error:
        fit(net, loss=lambda outputs, y: float(losses.cross_entropy(outputs, y)))
    assert str(error.value) == (
        "fit: the loss must be a Value, so that it can be differentiated.\n"
        "  expected  a scalar Value, such as losses.cross_entropy(outputs, targets) gives\n"
        "  got       a float\n"
        "  float(x), x.data and x.item() leave the graph."
    )


def test_a_loss_of_each_row_is_an_error():
    net = network()
    with pytest.raises(ShapeError) as error:
        fit(net, loss=lambda outputs, y: losses.cross_entropy(outputs, y, reduction="none"))
    assert str(error.value) == (
        "fit: the loss must be one number for the whole batch.\n"
        "  expected  shape (), such as losses.cross_entropy(outputs, targets) gives\n"
        "  got       shape (32,)\n"
        "  Take the mean over the rows, as reduction='mean' does."
    )


def test_a_class_is_no_model():
    with pytest.raises(ArgumentError) as error:
        train.fit(nn.MLP, losses.mse, (X, Y), optimizer=optim.SGD(network().parameters()))
    assert str(error.value) == (
        "fit: the model must be what can be called.\n"
        "  expected  a module, such as nn.MLP(2, [16, 2])\n"
        "  got       the class MLP"
    )


def test_data_in_the_place_of_the_loss_are_not_printed():
    net = network()
    with pytest.raises(ArgumentError) as error:
        train.fit(net, (X, Y), losses.mse, optimizer=optim.SGD(net.parameters()))
    assert str(error.value) == (
        "fit: the loss must be what can be called.\n"
        "  expected  such as losses.mse\n"
        "  got       a tuple"
    )


def test_numbers_of_numpy_are_numbers():
    one, two = network(), network()
    fit(one, epochs=np.int64(2), accumulate=np.uint8(1), clip=np.float32(0.5))
    fit(two, epochs=2, clip=0.5)
    assert np.array_equal(numbers(one), numbers(two))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "fit: epochs must be an integer of at least 0.\n  got       -1"),
        ({"accumulate": 0}, "fit: accumulate must be an integer of at least 1.\n  got       0"),
        ({"accumulate": 1.5}, "fit: accumulate must be an integer of at least 1.\n  got       1.5"),
        (
            {"callbacks": [train.EarlyStopping]},
            "fit: callbacks must be Callbacks.\n"
            "  expected  instances of classes derived from train.Callback\n"
            "  got       the class EarlyStopping",
        ),
        (
            {"clip": -1},
            "fit: clip says how large gradients may be.\n"
            '  expected  a positive number for their norm, {"norm": 1.0} or {"value": 0.5}\n'
            "  got       -1",
        ),
        (
            {"schedule": optim.StepLR},
            "fit: this is no schedule.\n"
            "  expected  one of microtensor.optim, or a function of the epoch such as "
            "lambda epoch: 0.1 * 0.9**epoch\n"
            "  got       the class StepLR",
        ),
        (
            {"resume": True},
            "fit: resume=True goes on from the file that checkpoint= names, and there is none.\n"
            '  expected  checkpoint="run.checkpoint", or resume="run.checkpoint"\n'
            "  got       checkpoint=None",
        ),
        (
            {"loss": "mse"},
            "fit: the loss must be what can be called.\n"
            "  expected  such as losses.mse\n"
            "  got       'mse'",
        ),
        (
            {"optimizer": "adam"},
            "fit: the optimizer must be one of microtensor.optim.\n"
            "  expected  such as optim.Adam(model.parameters(), lr=0.001)\n"
            "  got       'adam'",
        ),
        (
            {"optimizer": optim.Adam},
            "fit: the optimizer must be one of microtensor.optim.\n"
            "  expected  such as optim.Adam(model.parameters(), lr=0.001)\n"
            "  got       the class Adam",
        ),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_are_refused(options, message):
    net = network()
    before = numbers(net)
    with pytest.raises(ArgumentError) as error:
        fit(net, **options)
    assert str(error.value) == message
    assert np.array_equal(numbers(net), before)


def test_no_epoch_is_no_training():
    net = network()
    before = numbers(net)
    history = fit(net, epochs=0)
    assert (history.epochs, str(history)) == (0, "no epoch yet")
    assert np.array_equal(numbers(net), before)


# Modes


class Modes(nn.Module):
    """Notes in which mode it is called, and whether that is recorded."""

    def __init__(self):
        self.inner, self.seen = nn.Linear(2, 2, rng=0), []

    def forward(self, x):
        y = self.inner(x)
        self.seen.append((self.training, self.inner.training, y.requires_grad))
        return y


def test_modes_are_set_and_put_back_as_they_were():
    net = Modes()
    net.inner.eval()
    fit(net, [(X, Y)], epochs=2, validation=[(X, Y)])
    assert net.seen == [(True, True, True), (False, False, False)] * 2
    assert (net.training, net.inner.training) == (True, False)


def test_modes_are_put_back_after_an_error():
    net = Modes().eval()
    with pytest.raises(ShapeError):
        fit(net, [(X, Y[:50])])
    assert net.seen[0][0] is True
    assert (net.training, net.inner.training) == (False, False)


def test_evaluate_measures_all_rows_together_and_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Dropout(0.5, rng=0))
    before = numbers(net)
    found = train.evaluate(net, losses.cross_entropy, [(X[:90], Y[:90]), (X[90:], Y[90:])],
                           metrics=["accuracy", "perplexity"])  # fmt: skip
    net.eval()
    whole = float(losses.cross_entropy(net(X), Y))
    assert found["loss"] == pytest.approx(whole, rel=1e-6)
    assert found["perplexity"] == pytest.approx(np.exp(whole), rel=1e-6)
    assert found["accuracy"] == pytest.approx(np.mean(np.argmax(net(X).data, axis=1) == Y))
    assert np.array_equal(numbers(net), before)
    with pytest.raises(ArgumentError) as error:
        train.evaluate(net, losses.cross_entropy, [])
    assert str(error.value) == "evaluate: the data gave no batch.\n  expected  at least one"


# Micro-batches


@pytest.mark.parametrize("sizes", [(30, 30, 30, 10), (50, 50), (20, 20, 20, 20, 20)])
def test_micro_batches_make_the_step_of_one_large_batch(sizes):
    """Also where the last group is smaller: 20 rows of 100 in three batches, then two."""
    large, small = network(dtype=np.float64), network(dtype=np.float64)
    ends = np.cumsum([0, *sizes])
    parts = [(X[a:b], Y[a:b]) for a, b in itertools.pairwise(ends)]
    count = 3
    joined = [
        tuple(np.concatenate(x) for x in zip(*parts[i : i + count], strict=True))
        for i in range(0, len(parts), count)
    ]
    one = fit(large, joined, make=optim.Adam)
    other = fit(small, parts, make=optim.Adam, accumulate=count)
    assert np.allclose(numbers(small), numbers(large), rtol=0, atol=1e-12)
    assert np.allclose(other["loss"], one["loss"], rtol=1e-12)
    unequal = network(dtype=np.float64)
    fit(unequal, parts, make=optim.Adam)
    assert not np.allclose(numbers(unequal), numbers(large), rtol=0, atol=1e-4)


# Clipping


class Norms(train.Callback):
    def __init__(self):
        self.norms, self.largest = [], []

    def after_step(self, run):
        g = np.concatenate([p.grad.ravel() for p in run.model.parameters()])
        self.norms.append(float(np.linalg.norm(g)))
        self.largest.append(float(np.max(np.abs(g))))


def test_clipping_bounds_the_norm_or_each_entry():
    free, by_norm, by_value = Norms(), Norms(), Norms()
    fit(network(), callbacks=free)
    assert max(free.norms) > 0.05
    fit(network(), clip=0.05, callbacks=by_norm)
    fit(network(), clip={"value": 0.02}, callbacks=[by_value])
    assert max(by_norm.norms) == pytest.approx(0.05, rel=1e-4)
    assert max(by_value.largest) == np.float32(0.02)


# Schedules


class Rates(train.Callback):
    def __init__(self):
        self.rates = []

    def after_step(self, run):
        self.rates.append(run.optimizer.lr)


def test_a_function_of_the_epoch_gives_its_rate():
    seen = Rates()
    history = fit(network(), schedule=lambda epoch: 0.1 * 0.5**epoch, callbacks=seen, epochs=3)
    assert seen.rates == [0.1] * 4 + [0.05] * 4 + [0.025] * 4
    assert history["lr"] == [0.1, 0.05, 0.025]


@pytest.mark.parametrize("every", ["epoch", "step"])
def test_a_schedule_moves_after_each_epoch_or_step_as_it_says(every):
    net, seen = network(), Rates()
    optimizer = optim.SGD(net.parameters(), lr=0.8)
    schedule = optim.ExponentialLR(optimizer, 0.5, every=every)
    fit(net, optimizer=optimizer, schedule=schedule, callbacks=seen)
    by_step = [0.8 * 0.5**i for i in range(8)]
    assert seen.rates == pytest.approx(by_step if every == "step" else [0.8] * 4 + [0.4] * 4)


def test_a_plateau_is_shown_the_validation_loss_or_what_is_named():
    for validation, watched in (((X, Y), "val_loss"), (None, "loss"), ((X, Y), "val_accuracy")):
        net = network()
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        mode = "max" if watched == "val_accuracy" else "min"
        schedule = optim.ReduceLROnPlateau(optimizer, mode=mode, patience=5)
        given = (schedule, watched) if mode == "max" else schedule
        history = fit(net, optimizer=optimizer, schedule=given, validation=validation,
                      metrics="accuracy", epochs=3)  # fmt: skip
        assert schedule.best == (max if mode == "max" else min)(history[watched])


def test_a_schedule_that_would_watch_the_wrong_number_is_refused():
    net = network()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    schedule = optim.ReduceLROnPlateau(optimizer, mode="max")
    with pytest.raises(ArgumentError) as error:
        fit(net, optimizer=optimizer, schedule=schedule)
    assert str(error.value) == (
        "fit: a schedule that waits for a large number must be told which.\n"
        '  expected  such as schedule=(schedule, "val_accuracy")\n'
        '  got       a schedule with mode="max", which would be shown the loss'
    )
    with pytest.raises(ArgumentError) as error:
        fit(net, optimizer=optimizer, schedule=(schedule, "val_loss"))
    assert str(error.value) == (
        "fit: what ReduceLROnPlateau is to watch was not measured.\n"
        "  expected  one of loss, lr\n  got       'val_loss'"
    )
    with pytest.raises(ArgumentError) as error:
        fit(net, schedule=schedule)
    assert str(error.value) == "fit: the schedule is of another optimizer than the one that steps."


# An optimizer that asks again


def test_lbfgs_is_given_the_loss_as_often_as_it_asks():
    ours, plain = network(dtype=np.float64), network(dtype=np.float64)
    options = {"lr": 1.0, "line_search_fn": "strong_wolfe", "max_iter": 8}
    history = fit(ours, [(X, Y)], epochs=3, optimizer=optim.LBFGS(ours.parameters(), **options))
    optimizer = optim.LBFGS(plain.parameters(), **options)

    def closure():
        optimizer.zero_grad()
        loss = losses.cross_entropy(plain(X), Y)
        loss.backward()
        return loss

    losses_before = [float(optimizer.step(closure)) for _ in range(3)]
    assert history["loss"] == losses_before
    assert np.array_equal(numbers(ours), numbers(plain))


def test_lbfgs_takes_micro_batches_as_one():
    whole, parts = network(dtype=np.float64), network(dtype=np.float64)
    for net, given, accumulate in (
        (whole, [(X, Y)], 1),
        (parts, [(X[:70], Y[:70]), (X[70:], Y[70:])], 2),
    ):
        optimizer = optim.LBFGS(net.parameters(), max_iter=5)
        fit(net, given, optimizer=optimizer, accumulate=accumulate, epochs=1)
    assert np.allclose(numbers(whole), numbers(parts), rtol=0, atol=1e-9)


def test_training_needs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(), metrics=["accuracy", "top_1", "perplexity"], validation=(X, Y))


def test_a_model_may_be_any_function_of_parameters():
    w = nn.Parameter(np.zeros((2, 2)))
    optimizer = optim.SGD([w], lr=0.1)
    options = {"optimizer": optimizer, "progress": False, "rng": 0}
    history = train.fit(lambda x: x @ w, losses.cross_entropy, (X, Y), epochs=3, **options)
    assert history["loss"][-1] < history["loss"][0]
    with pytest.raises(ArgumentError) as error:
        train.fit(lambda x: x @ w, losses.cross_entropy, (X, Y), checkpoint="run", **options)
    assert str(error.value) == (
        "fit: only what has a state can be kept in a checkpoint.\n"
        "  expected  a Module, or checkpoint=None\n  got       a function"
    )
