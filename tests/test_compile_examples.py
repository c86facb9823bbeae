"""What the examples do, compiled: the functions of ``examples/``, as they stand there.

Those that are scripts without functions are written out here; of the others, the example's own run.
"""

import numpy as np
import pytest
from compiled import BACKENDS, Training, differences, first_difference, state_of
from shown_examples import example

import microtensor as mt
from microtensor import Value, data, losses, nn, optim


def test_mazurs_network_of_numbers_learns():  # 02_mazur_backward.py
    def make():
        i1, i2 = Value(0.05, name="i1"), Value(0.10, name="i2")
        w = [Value(x, name=f"w{k}") for k, x in enumerate(np.linspace(0.15, 0.5, 8).tolist(), 1)]
        b1, b2 = Value(0.35, name="b1"), Value(0.60, name="b2")

        def step(rate):
            h1 = (w[0] * i1 + w[1] * i2 + b1).sigmoid()
            h2 = (w[2] * i1 + w[3] * i2 + b1).sigmoid()
            o1 = (w[4] * h1 + w[5] * h2 + b2).sigmoid()
            o2 = (w[6] * h1 + w[7] * h2 + b2).sigmoid()
            error = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
            for x in w:
                x.grad = None
            error.backward()
            for x in w:
                x.data -= rate * x.grad
            return error

        return Training(step, state_of(*w))

    assert first_difference(make, [(0.5 / (1 + i),) for i in range(10)]) == ""


def rosenbrock(x):  # 05_derivatives.py
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_newtons_method_finds_the_valleys_end(backend):
    newton = lambda x: x - np.linalg.solve(mt.hessian(rosenbrock)(x), mt.grad(rosenbrock)(x))
    step = mt.compile(newton, backend=backend)
    ours = theirs = np.array([-1.2, 1.0, 0.8])
    for _ in range(7):
        ours, theirs = step(ours), newton(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_derivatives_of_derivatives(backend):
    f = np.sin
    for _ in range(4):
        f = mt.grad(f)
        step = mt.compile(f, backend=backend)
        for x in (1.0, 2.0):
            assert differences(step(x), f(x)) == []
    p = {"w": np.array([1.0, 2.0]), "b": 0.5}
    f = mt.grad(lambda p, x: np.tanh(p["w"] @ x + p["b"]))
    step = mt.compile(f, backend=backend)
    for x in (np.array([0.1, 0.2]), np.array([-0.4, 0.3])):
        assert differences(step(p, x), f(p, x)) == []


@mt.primitive
def bump(x, width):  # 06_your_own.py
    return np.exp(-((x / width) ** 2))


mt.differentiable(
    bump,
    lambda g, y, x, width: g * y * (-2 * x / width**2),
    lambda g, y, x, width: g * y * (2 * x**2 / width**3),
)


class Bumps(nn.Module):
    def __init__(self, inputs, outputs, rng):
        self.centres = nn.Parameter(rng.uniform(-1, 2, (outputs, inputs)).astype(np.float32))
        self.width = nn.Parameter(np.ones(outputs, dtype=np.float32))

    def forward(self, x):
        offsets = x[:, None, :] - self.centres
        distance = np.sqrt((offsets**2).sum(axis=-1) + 1e-6)
        return bump(distance, self.width)


class BumpNet(nn.Module):
    def __init__(self, rng):
        self.bumps = Bumps(2, 12, rng)
        self.top = nn.Linear(12, 2, rng=rng)

    def forward(self, x):
        return self.top(self.bumps(x))


def test_an_operation_and_a_layer_of_ones_own_train():
    def make():
        net = BumpNet(np.random.default_rng(0))
        optimizer = optim.Adam(net.parameters(), lr=0.05)

        def step(x, y):
            loss = losses.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss, np.argmax(net(x), axis=1)

        return Training(step, state_of(net, optimizer))

    x, y = data.moons(200, noise=0.15, rng=0)
    batches = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 200, 20)]
    assert first_difference(make, batches) == ""


def safe_loss(z, same):  # 07_when_something_is_wrong.py
    squares = np.sum((z[:, None] - z[None]) ** 2, axis=-1)
    apart = squares > 0
    d = np.where(apart, np.sqrt(np.where(apart, squares, 1)), 0)
    return np.mean(np.where(same, d**2, np.maximum(1 - d, 0) ** 2))


def test_a_loss_of_pairs_trains_and_is_recomputed():
    def make():
        rng = np.random.default_rng(0)
        net = nn.Sequential(
            nn.Linear(2, 16, rng=rng, dtype=float), nn.Tanh(),
            nn.Linear(16, 2, bias=False, rng=rng, dtype=float),  # pairs do not see a bias
        )  # fmt: skip
        optimizer = optim.Adam(net.parameters(), lr=0.01)

        def step(points, labels):
            same = np.equal.outer(labels, labels)
            loss = mt.checkpoint(safe_loss)(net(points), same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, state_of(net, optimizer))

    rng = np.random.default_rng(0)
    calls = [(rng.standard_normal((6, 2)), rng.integers(0, 2, 6)) for _ in range(10)]
    assert first_difference(make, calls) == ""


def test_a_transformer_that_reads_characters_trains():  # published/characters.py
    class Reader(nn.Module):
        def __init__(self, rng):
            self.letters = nn.Embedding(7, 8, rng=rng, dtype=float)
            self.places = nn.Embedding(5, 8, rng=rng, dtype=float)
            layer = nn.TransformerEncoderLayer(
                8, 2, 16, dropout=0.1, norm_first=True, batch_first=True, rng=rng, dtype=float
            )
            self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8, dtype=float))
            self.out = nn.Linear(8, 7, rng=rng, dtype=float)

        def forward(self, ids):
            x = self.letters(ids) + self.places(np.arange(ids.shape[1]))
            return self.out(self.encoder(x, is_causal=True, mask=np.triu(np.ones((5, 5), bool), 1)))

    def make():
        net = Reader(np.random.default_rng(0))
        # Not AdamW, which makes steps of the rounding that is all of the gradient of keys' biases.
        optimizer = optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=0.1)
        schedule = optim.OneCycleLR(optimizer, 0.1, total_steps=20, pct_start=0.1)

        def step(ids, following):
            logits = net(ids)
            loss = losses.cross_entropy(logits.reshape(-1, 7), following.reshape(-1))
            optimizer.zero_grad()
            loss.backward(leaves_only=True)
            norm = optim.clip_grad_norm(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            return loss, norm

        return Training(step, state_of(net, optimizer, schedule))

    rng = np.random.default_rng(1)
    calls = [(rng.integers(0, 7, (3, 5)), rng.integers(0, 7, (3, 5))) for _ in range(10)]
    assert first_difference(make, calls) == ""


def learning_by(loss_of, parameters, *holders):
    """A step that makes a loss smaller."""
    # Not Adam, which makes steps of the rounding that is all of a gradient that should be 0.
    optimizer = optim.SGD(parameters, lr=0.01, momentum=0.9)

    def step(*args):
        loss = loss_of(*args)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return Training(step, state_of(*holders, optimizer))


def test_a_network_of_eight_letters_reads():  # 11_language_models.py
    ours = example("11_language_models")

    def make():
        net = ours.Reader(7, features=3, hidden=5, rng=np.random.default_rng(0))
        loss_of = lambda x, y: losses.cross_entropy(net(x), y)
        return learning_by(loss_of, net.parameters(), net)

    rng = np.random.default_rng(1)
    calls = [(rng.integers(0, 7, (4, ours.T)), rng.integers(0, 7, 4)) for _ in range(10)]
    assert first_difference(make, calls) == ""


def test_a_variational_autoencoder_paints():  # 12_variational_autoencoder.py
    ours = example("12_variational_autoencoder")
    x = np.random.default_rng(0).integers(0, 17, (5, 64)).astype(np.float32) / 16

    def make():
        net = ours.Autoencoder(6, np.random.default_rng(0))
        loss_of = lambda noise: -np.mean(ours.elbo(net, x, noise)) / 64
        return learning_by(loss_of, net.parameters(), net)

    rng = np.random.default_rng(1)
    calls = [(rng.standard_normal((5, 2), dtype=np.float32),) for _ in range(10)]
    assert first_difference(make, calls) == ""


def test_a_network_solves_an_equation():  # 13_physics_informed.py
    ours = example("13_physics_informed")

    def make():
        net = nn.MLP(2, [5, 5, 1], activation="tanh", rng=0, dtype=float)
        u = ours.guess_of(net)
        return learning_by(lambda x, t: np.mean(ours.residual(u, x, t) ** 2), net.parameters(), net)

    rng = np.random.default_rng(1)
    calls = [(rng.uniform(-1, 1, 6), rng.uniform(0, 1, 6)) for _ in range(10)]
    assert first_difference(make, calls) == ""


def test_weights_that_are_a_step_from_good_ones_are_learned():  # 14_learning_to_learn.py
    ours = example("14_learning_to_learn")

    def make():
        weights = ours.begin(np.random.default_rng(0), width=4)
        return learning_by(lambda *waves: ours.after_a_step(weights, *waves), weights, *weights)

    rng = np.random.default_rng(1)
    calls = [(ours.waves(3, 5, rng), ours.waves(3, 5, rng)) for _ in range(10)]
    assert first_difference(make, calls) == ""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_derivatives_of_a_flight(backend):  # 15_fit_a_simulation.py
    ours = example("15_fit_a_simulation")
    films = ours.films_of(ours.TRUTH, 2, np.random.default_rng(0))[:4]
    surprise = lambda p: np.sum((films - ours.flight(p, 4)) ** 2)
    forward = lambda p, d: mt.jvp(lambda p: ours.flight(p, 4), (p,), (d,))
    for f in (forward, lambda p, d: mt.hvp(surprise, (p,), (d,))):
        step = mt.compile(f, backend=backend)
        for scale in (1.0, 0.8):
            p = scale * np.tile(ours.TRUTH[:, None], 2)
            assert differences(step(p, p[::-1]), f(p, p[::-1])) == []


def test_a_layer_that_is_solved_for_learns():  # 16_solved_for.py
    ours = example("16_solved_for")

    def make():
        rng = np.random.default_rng(0)
        net = nn.Sequential(ours.Equilibrium(2, 4, rng), nn.Linear(4, 3, rng=rng, dtype=float))
        return learning_by(lambda x, y: losses.cross_entropy(net(x), y), net.parameters(), net)

    rng = np.random.default_rng(1)
    calls = [(rng.standard_normal((5, 2)), rng.integers(0, 3, 5)) for _ in range(10)]
    assert first_difference(make, calls) == ""
