"""The lines that are run are a module of Python that needs NumPy alone, and gives the same."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler.blocks import LARGE

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 4)).astype(np.float32), RNG.integers(0, 3, 6)
IMAGES = RNG.standard_normal((6, 1, 8, 8)).astype(np.float32)
N = int(LARGE**0.5) + 10


def training(net, optimizer, **options):
    moves = optimizer(net.parameters(), **options)

    def step(x, y):
        moves.zero_grad()
        loss = losses.cross_entropy(net(x), y)
        loss.backward(leaves_only=True)
        moves.step()
        return loss

    return step


def perceptron():
    return training(nn.MLP(4, [5, 3], activation="relu", rng=0), optim.SGD, lr=0.1), (X, Y)


def normalised():
    net = nn.Sequential(nn.Linear(4, 5, rng=0), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, 3, rng=1))
    return training(net, optim.AdamW, lr=0.1), (X, Y)


def convolutional():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3, rng=0)
    )
    return training(net, optim.SGD, lr=0.1, momentum=0.9), (IMAGES, Y)


def in_blocks():
    return mt.value_and_grad(lambda w: np.sum(np.tanh(np.exp(w * 0.5) + 1))), (np.ones((N, N)),)


def of_numbers():
    return lambda x, y: (x * y + 2.0) ** 0.5 / y, (3.0, 2.0)


def named_as_buffers():
    def f(b, ones, t):
        return np.sum(np.tanh(b * t), axis=0) + ones

    return f, (np.ones((3, 4)), np.ones(4), np.arange(4.0))


MAKERS = [perceptron, normalised, convolutional, in_blocks, of_numbers, named_as_buffers]


@pytest.mark.parametrize("make", MAKERS)
def test_the_text_gives_what_the_program_gives(make):
    f, args = make()
    compiled = mt.compile(f)
    for _ in range(2):  # the second time, an optimizer remembers
        compiled(*args)
    program = compiled.programs[-1].program
    given = [
        np.array(x) if isinstance(x, np.ndarray) else x
        for x in (place.read(args) for place, _ in program.inputs)
    ]
    text = compiled.optimised_source
    assert "microtensor" not in text
    names = {}
    exec(text, names)
    called = text[text.rindex("\ndef ") + 5 :].partition("(")[0]
    results, written = names[called](*given)
    output = compiled(*args)
    expected = output if isinstance(output, tuple) else (output,)
    for got, x in zip(results, expected, strict=True):
        assert np.array_equal(got, x.data if isinstance(x, mt.Value) else x)
    for got, (place, _) in zip(written.values(), program.writes, strict=True):
        assert np.array_equal(got, place.read(args))


def test_there_is_no_text_before_a_call_nor_of_kernels():
    compiled = mt.compile(np.exp)
    with pytest.raises(mt.errors.ArgumentError, match="exp: there is no program yet"):
        _ = compiled.optimised_source
    interpreted = mt.compile(np.exp, backend="interpreter")
    interpreted(X)
    with pytest.raises(mt.errors.ArgumentError) as error:
        _ = interpreted.optimised_source
    assert str(error.value) == (
        "exp: only the NumPy backend runs a program as lines of NumPy.\n"
        '  expected  backend="numpy"\n'
        "  got       another backend\n"
        "  Its source shows what is computed."
    )


def test_lines_say_what_they_compute():
    f, args = perceptron()
    compiled = mt.compile(f)
    compiled(*args)
    text = compiled.optimised_source
    assert "# d_layer0_weight  MLP.layers.0" in text
    assert "{'layer0_weight': new_layer0_weight" in text.replace("\n        ", "")


def test_a_constant_that_is_too_large_to_be_written_is_an_argument():
    table = np.random.default_rng(0).standard_normal((20, 20))
    compiled = mt.compile(lambda x: np.tanh(mt.Value(table) * x))
    compiled(2.0)
    names = {}
    exec(compiled.optimised_source, names)
    called = next(x for n, x in names.items() if n.startswith(("program", "lambda")))
    [result], _ = called(2.0, table)
    assert np.array_equal(result, np.tanh(table * 2.0))
