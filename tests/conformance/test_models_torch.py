"""Models, losses and optimizers against PyTorch: the same names, and the same numbers."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim

torch = pytest.importorskip("torch")
functional = torch.nn.functional

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 3))

ACTIVATIONS = [
    ("ReLU", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("ELU", {}),
    ("ELU", {"alpha": 2.0}),
    ("Sigmoid", {}),
    ("Tanh", {}),
    ("Softplus", {}),
    ("Softplus", {"beta": 3.0}),
    ("SiLU", {}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("Softmax", {"dim": 1}),
    ("LogSoftmax", {"dim": 0}),
    ("Identity", {}),
]


@pytest.mark.parametrize(("name", "options"), ACTIVATIONS)
def test_activations_agree(name, options):
    for x in (X, 10 * X):
        ours, theirs = mt.Value(x), torch.tensor(x, requires_grad=True)
        y, z = getattr(nn, name)(**options)(ours), getattr(torch.nn, name)(**options)(theirs)
        (y * y).sum().backward()
        (z * z).sum().backward()
        # PyTorch's softplus is x itself above 20, which is off by up to exp(-20).
        tolerance = 3e-9 if name == "Softplus" else 1e-12
        assert np.allclose(y.data, z.detach().numpy(), rtol=tolerance, atol=tolerance)
        assert np.allclose(ours.grad, theirs.grad.numpy(), rtol=10 * tolerance, atol=tolerance)


def pair(dtype=np.float64):
    """The same network in both, with PyTorch's weights loaded under PyTorch's keys."""
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4), torch.nn.ReLU(),
        torch.nn.Linear(4, 2, bias=False),
    )  # fmt: skip
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    ours = nn.Sequential(
        nn.Linear(3, 8, dtype=dtype), nn.Tanh(), nn.Linear(8, 4, dtype=dtype), nn.ReLU(),
        nn.Linear(4, 2, bias=False, dtype=dtype),
    )  # fmt: skip
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def test_weights_move_both_ways_under_the_same_keys():
    ours, theirs = pair()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    changed = {key: x + 1 for key, x in ours.state_dict().items()}
    theirs.load_state_dict({key: torch.tensor(x) for key, x in changed.items()})
    ours.load_state_dict(changed)
    assert np.allclose(ours(X).data, theirs(torch.tensor(X)).detach().numpy(), rtol=1e-12)


def test_files_move_both_ways(tmp_path):
    files = pytest.importorskip("safetensors.torch")
    ours, theirs = pair(np.float32)
    files.save_file(theirs.state_dict(), tmp_path / "theirs")
    assert set(mt.load(tmp_path / "theirs")) == set(ours.state_dict())
    mt.load(tmp_path / "theirs", ours)
    mt.save(tmp_path / "ours", ours)
    theirs.load_state_dict(files.load_file(tmp_path / "ours"))


def test_shared_modules_have_the_same_keys():
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 2)
            self.b = self.a
            self.scale = torch.nn.Parameter(torch.ones(1))

    class OurTied(nn.Module):
        def __init__(self):
            self.a = nn.Linear(2, 2)
            self.b = self.a
            self.scale = nn.Parameter(np.ones(1))

    ours, theirs = OurTied(), Tied()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]


T = RNG.standard_normal((6, 3))
SHARES = np.exp(T) / np.exp(T).sum(1, keepdims=True)
LABELS = RNG.integers(0, 3, 6)
LOSSES = [
    (losses.mse, functional.mse_loss, X, T, {}),
    (losses.l1, functional.l1_loss, X, T, {}),
    (losses.cross_entropy, functional.cross_entropy, X, LABELS, {}),
    (losses.cross_entropy, functional.cross_entropy, 100 * X, LABELS, {}),
    (losses.cross_entropy, functional.cross_entropy, X, LABELS, {"label_smoothing": 0.1}),
    (losses.cross_entropy, functional.cross_entropy, X, SHARES, {}),
    (losses.cross_entropy, functional.cross_entropy, X, SHARES, {"label_smoothing": 0.1}),
    (losses.cross_entropy, functional.cross_entropy, X[0], LABELS[0], {}),
    (losses.cross_entropy, functional.cross_entropy, X[0], SHARES[0], {"label_smoothing": 0.1}),
    (losses.binary_cross_entropy, functional.binary_cross_entropy, SHARES, SHARES.T.ravel(), {}),
    (
        losses.binary_cross_entropy,
        functional.binary_cross_entropy,
        np.array([0.0, 1.0, 0.0, 1.0, 1e-30]),
        np.array([0.0, 1.0, 1.0, 0.0, 1.0]),
        {},
    ),
    (
        losses.binary_cross_entropy_with_logits,
        functional.binary_cross_entropy_with_logits,
        50 * X,
        SHARES,
        {},
    ),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("loss", "reference", "x", "target", "options"), LOSSES)
def test_losses_agree(loss, reference, x, target, options, reduction):
    target = np.reshape(target, x.shape) if np.size(target) == x.size else target
    ours, theirs = mt.Value(x), torch.tensor(x, requires_grad=True)
    y = loss(ours, target, reduction=reduction, **options)
    z = reference(theirs, torch.tensor(target), reduction=reduction, **options)
    assert np.shape(y) == tuple(z.shape)
    assert np.allclose(y.data, z.detach().numpy(), rtol=1e-12, atol=1e-15)
    y.sum().backward()
    z.sum().backward()
    # PyTorch's least divisor in binary_cross_entropy, 1e-12, is a float32.
    tolerance = 1e-7 if loss is losses.binary_cross_entropy else 1e-10
    assert np.allclose(ours.grad, theirs.grad.numpy(), rtol=tolerance, atol=1e-15)


OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_training_agrees_step_by_step(name, options, dtype):
    torch.manual_seed(0)
    ours, theirs = pair(dtype)
    mine = getattr(optim, name)(ours.parameters(), **options)
    reference = getattr(torch.optim, name)(theirs.parameters(), **options)
    x, y = X.astype(dtype), LABELS % 2
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for _ in range(10):
        ours_loss = losses.cross_entropy(ours(x), y)
        loss = functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        mine.zero_grad()
        reference.zero_grad()
        ours_loss.backward()
        loss.backward()
        mine.step()
        reference.step()
        assert np.isclose(float(ours_loss), float(loss.detach()), rtol=tolerance)
        for key, p in theirs.state_dict().items():
            found = ours.state_dict()[key]
            assert np.allclose(found, p.numpy(), rtol=tolerance, atol=tolerance)


def test_optimizers_remember_by_the_same_names():
    for name, options in (("SGD", {"momentum": 0.9}), ("Adam", {})):
        ours, theirs = pair()
        mine = getattr(optim, name)(ours.parameters(), **options)
        reference = getattr(torch.optim, name)(theirs.parameters(), **options)
        ours(X).sum().backward()
        theirs(torch.tensor(X)).sum().backward()
        mine.step()
        reference.step()
        assert set(mine.state[mine.parameters[0]]) == set(reference.state_dict()["state"][0])


INITIALISERS = ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"]


@pytest.mark.parametrize("shape", [(200, 300), (40, 20, 5, 5)])
@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_have_the_spread_of_pytorchs(name, shape):
    theirs = torch.empty(shape, dtype=torch.float64)
    options = {"nonlinearity": "relu"} if "kaiming" in name else {}
    torch.manual_seed(0)
    getattr(torch.nn.init, name + "_")(theirs, **options)
    ours = getattr(nn.init, name)(shape, rng=0, dtype=np.float64)
    assert abs(ours.std() / float(theirs.std()) - 1) < 0.02
    if "uniform" in name:
        assert abs(np.abs(ours).max() / float(theirs.abs().max()) - 1) < 0.01
