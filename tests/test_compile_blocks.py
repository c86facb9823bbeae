"""A chain of elementwise calls on large arrays runs block by block, and gives the same bits."""

import numpy as np
import pytest

import microtensor as mt
from microtensor.compiler import blocks
from microtensor.compiler.numpy_source import NumpySource
from microtensor.compiler.passes import optimised

N = 300  # 90,000 entries, in blocks of 54 rows and a rest
X = np.random.default_rng(0).standard_normal((N, N))

FUNCTIONS = {
    "a chain": lambda x: np.tanh(np.exp(x * 2.0) + 1.0),
    "with a row": lambda x: np.sqrt(np.abs(x + X[0]) * X[:, :1] ** 2),
    "with its transpose": lambda x: np.exp(x - x.T) * x,
    "with what is needed twice": lambda x: (np.exp(x) + 1.0, np.exp(x) * 2.0),
    "with a mask": lambda x: mt.relu(x * 3.0) - mt.relu(-x),
    "of integers and bools": lambda x: np.where((x > 0.5) & (x < 1.0), x, 0.0) * 2,
    "in float32": lambda x: np.tanh(x.astype(np.float32) * 2 + 1),
    "its gradient": mt.grad(lambda x: np.sum(np.tanh(x @ x.T) ** 2 + mt.relu(x - x.T))),
}


def text(f):
    return NumpySource(blocks.sunk(optimised(mt.trace(f)(X)))).text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_blocks_give_the_same_bits(name):
    f = FUNCTIONS[name]
    compiled = mt.compile(f)
    for x in (X, X[::-1] * 2, np.asfortranarray(X)):
        for got, expected in zip(np.atleast_3d(compiled(x)), np.atleast_3d(f(x)), strict=True):
            assert np.array_equal(got, expected)


def test_a_chain_is_a_loop():
    assert text(FUNCTIONS["a chain"]).count("for s in") == 1


def test_a_matrix_is_never_overwritten_where_its_transpose_is_still_read():
    w = mt.nn.Parameter(X)

    def step():
        w.data = w.data - np.exp(w.data.T) * 0.5
        return w.data

    expected = X - np.exp(X.T) * 0.5
    compiled = mt.compile(step)
    assert np.array_equal(compiled(), expected)
    assert np.array_equal(compiled(), expected - np.exp(expected.T) * 0.5)


def test_an_update_of_large_parameters_needs_no_array_of_their_size():
    w = mt.nn.Parameter(X)
    moves = mt.optim.Adam([w], lr=0.1)

    def step():
        moves.zero_grad()
        (w * w).sum().backward()
        moves.step()

    program = blocks.sunk(optimised(mt.trace(step)()))
    assert NumpySource(program).buffers.nbytes <= 2 * X.nbytes


def test_calls_are_moved_to_their_only_reader():
    program = blocks.sunk(optimised(mt.trace(lambda x: (x * 2, np.exp(x), x * 3, x.sum()))(X)))
    assert [ins.name for ins in program.instructions] == ["multiply", "exp", "multiply", "sum"]
    chained = mt.trace(lambda x: tuple(f(x * 2.0 + k) for k, f in enumerate((np.exp, np.sin))))(X)
    names = [ins.name for ins in blocks.sunk(chained).instructions]
    assert names == ["multiply", "add", "exp", "multiply", "add", "sin"]
