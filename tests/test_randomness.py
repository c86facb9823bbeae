"""The default generator, and what rng= may be."""

import json

import numpy as np
import pytest

from microtensor import randomness
from microtensor.errors import ArgumentError


@pytest.fixture(autouse=True)
def _default_generator_is_put_back(monkeypatch):
    monkeypatch.setattr(randomness, "_default", np.random.default_rng())


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    drawn = []
    for n in (0, 0, 1):
        randomness.seed(n)
        drawn.append(randomness.generator().random(8))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.any(drawn[0] == drawn[2])


def test_the_default_generator_goes_on_from_call_to_call():
    randomness.seed(0)
    numbers = [randomness.generator().random() for _ in range(4)]
    assert numbers == list(np.random.default_rng(0).random(4))


def test_numpys_own_global_generator_is_left_alone():
    state = np.random.get_state()  # noqa: NPY002  # the one that must not move
    randomness.seed(0)
    randomness.generator().random(10)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(state[1], after[1])
    assert state[2] == after[2]


@pytest.mark.parametrize(
    "rng", [np.random.default_rng(3), np.random.RandomState(3)], ids=["Generator", "RandomState"]
)
def test_a_generator_is_used_as_it_is(rng):
    assert randomness.generator(rng) is rng


@pytest.mark.parametrize("n", [5, np.int64(5), np.uint8(5)], ids=["int", "int64", "uint8"])
def test_an_integer_starts_a_new_generator_each_time(n):
    once, again = randomness.generator(n).random(), randomness.generator(n).random()
    assert once == again == np.random.default_rng(5).random()


@pytest.mark.parametrize("wrong", [-1, 0.5, "0", True, [1]], ids=repr)
def test_anything_else_is_an_error(wrong):
    with pytest.raises(ArgumentError) as error:
        randomness.generator(wrong)
    assert str(error.value) == (
        "rng cannot start a random sequence.\n"
        "  expected  an integer of at least 0, a numpy.random.Generator or None\n"
        f"  got       {wrong!r}\n"
        "  0 will do; the same integer gives the same numbers every time."
    )


@pytest.mark.parametrize("wrong", [-1, 0.5, None, True], ids=repr)
def test_a_wrong_seed_is_an_error_and_leaves_the_sequence_alone(wrong):
    randomness.seed(1)
    with pytest.raises(ArgumentError) as error:
        randomness.seed(wrong)
    assert str(error.value) == (
        "seed: n cannot start a random sequence.\n"
        "  expected  an integer of at least 0\n"
        f"  got       {wrong!r}\n"
        "  0 will do; the same integer gives the same numbers every time."
    )
    assert randomness.generator().random() == np.random.default_rng(1).random()


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_a_state_survives_json_and_is_put_back(kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.integers(9, dtype=np.int32)  # half of the 64 bits are kept for later
    state = json.loads(json.dumps(randomness.get_state(rng)))
    following = [rng.integers(9, dtype=np.int32), *rng.standard_normal(3)]
    other = np.random.Generator(getattr(np.random, kind)(4))
    randomness.set_state(other, state)
    assert [other.integers(9, dtype=np.int32), *other.standard_normal(3)] == following
