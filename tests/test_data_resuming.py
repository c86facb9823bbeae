"""Going on with a round: the batches are those that the uninterrupted loop would have given."""

import json

import numpy as np
import pytest

from microtensor import data, randomness
from microtensor.errors import ArgumentError

Y = np.arange(11)
KINDS = ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"]


def of_kind(kind, seed):
    return np.random.Generator(getattr(np.random, kind)(seed))


def three_rounds(rounds):
    return [[batch.tolist() for batch in rounds] for _ in range(3)]


def stopped_and_resumed(at, make, keep=lambda state: json.loads(json.dumps(state))):
    """Give the batches of three rounds, where a second loop goes on after so many batches."""
    first, taken = make(1), []
    for n in range(3):
        taken.append([])
        for batch in first:
            taken[-1].append(batch.tolist())
            if sum(map(len, taken)) == at:
                kept = keep(first.state_dict())
                again = make(2)
                again.load_state_dict(kept)
                taken[-1] += [batch.tolist() for batch in again]
                return taken + [[batch.tolist() for batch in again] for _ in range(2 - n)]
    raise AssertionError("it never stopped")


def seeded(seed, **options):
    return data.batches(Y, size=3, rng=seed, **options)


@pytest.mark.parametrize("at", range(1, 13))
def test_a_loop_goes_on_where_another_one_stopped(at):
    assert stopped_and_resumed(at, seeded) == three_rounds(seeded(1))


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_on_with_every_kind_of_generator(kind):
    def make(seed):
        return seeded(of_kind(kind, seed))

    assert stopped_and_resumed(5, make) == three_rounds(make(1))


@pytest.mark.parametrize(
    "options",
    [{"shuffle": False}, {"drop_last": True}, {"collate": np.stack}],
    ids=["order", "last", "collate"],
)
def test_it_goes_on_with_every_option(options):
    def make(seed):
        return seeded(seed, **options)

    assert stopped_and_resumed(5, make) == three_rounds(make(1))


def test_it_goes_on_with_an_old_random_state_and_with_the_default_generator(monkeypatch):
    def old(seed):
        return seeded(np.random.RandomState(seed))

    def default(seed):
        randomness.seed(seed)
        return data.batches(Y, size=3)

    monkeypatch.setattr(randomness, "_default", np.random.default_rng())
    for make in (old, default):
        expected = three_rounds(make(1))
        assert stopped_and_resumed(5, make) == expected


@pytest.mark.parametrize("lost", ["given", "order", "rng"])
def test_a_state_that_lost_a_part_would_be_seen(lost):
    def keep(state):
        fresh = {"given": 0, "order": randomness.get_state(np.random.default_rng(9))}
        fresh["rng"] = fresh["order"]
        return state | {lost: fresh[lost]}

    assert stopped_and_resumed(5, seeded, keep) != three_rounds(seeded(1))


def test_a_generator_that_others_use_too_stands_where_it_stood():
    shared = np.random.default_rng(0)
    rounds = data.batches(Y, size=3, rng=shared)
    for _ in rounds:
        shared.random()  # dropout, for one
        kept = rounds.state_dict()
        break
    following = shared.random(3)
    again = np.random.default_rng(1)
    data.batches(Y, size=3, rng=again).load_state_dict(kept)
    assert np.array_equal(again.random(3), following)


def test_between_rounds_there_is_no_place_to_go_to():
    rounds = seeded(0)
    assert rounds.state_dict()["given"] == 0
    list(rounds)
    state = rounds.state_dict()
    assert (state["given"], state["order"]) == (0, None)
    again = seeded(1)
    again.load_state_dict(state)
    assert three_rounds(again) == three_rounds(rounds)


def test_a_place_that_was_loaded_is_the_place_that_is_told():
    rounds = seeded(0)
    next(iter(rounds))
    kept = rounds.state_dict()
    again = seeded(1)
    again.load_state_dict(kept)
    assert again.state_dict() == kept


def test_its_generator_can_be_read_and_set(monkeypatch):
    mine = np.random.default_rng(0)
    rounds = data.batches(Y, size=3, rng=mine)
    assert rounds.rng is mine
    rounds.rng = 5
    assert three_rounds(rounds) == three_rounds(seeded(5))
    rounds.rng = None
    assert rounds.rng is randomness.generator()


NOT_A_PLACE = (
    "Batches.load_state_dict: this is no place in a round.\n"
    "  expected  a dict with rows, size, shuffle, given, order, rng, as state_dict gives it\n"
    "  got       {}"
)
OTHER_BATCHES = (
    "Batches.load_state_dict: the place is in other batches than these.\n"
    "  expected  a place in Batches(4 of 3 rows from 11), shuffled\n"
    "  got       {}\n"
    "  Make the batches as those before: of the same data, and by the same size."
)
NOT_A_STATE = (
    "the random generator cannot be put into this state.\n"
    "  expected  what get_state gave of a PCG64 generator\n"
    "  got       {}"
)
PCG64 = randomness.get_state(np.random.default_rng(3))
WRONG = [
    (lambda s: 3, NOT_A_PLACE.format("a int")),
    (lambda s: {}, NOT_A_PLACE.format("a dict with nothing")),
    (lambda s: {"rows": 11}, NOT_A_PLACE.format("a dict with rows")),
    (lambda s: s | {"rows": 12}, OTHER_BATCHES.format("1 batches of 3 rows from 12, shuffled")),
    (lambda s: s | {"size": 4}, OTHER_BATCHES.format("1 batches of 4 rows from 11, shuffled")),
    (
        lambda s: s | {"shuffle": False},
        OTHER_BATCHES.format("1 batches of 3 rows from 11, in the order of the data"),
    ),
    (lambda s: s | {"given": 5}, OTHER_BATCHES.format("5 batches of 3 rows from 11, shuffled")),
    (lambda s: s | {"given": -1}, OTHER_BATCHES.format("-1 batches of 3 rows from 11, shuffled")),
    (lambda s: s | {"order": 3}, NOT_A_STATE.format("a int")),
    (lambda s: s | {"rng": {}}, NOT_A_STATE.format("one of no known kind")),
    (lambda s: s | {"rng": {"bit_generator": "MT19937"}}, NOT_A_STATE.format("one of MT19937")),
    (
        lambda s: s | {"rng": {"bit_generator": "PCG64"}},
        NOT_A_STATE.format("one that is damaged: KeyError('state')"),
    ),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(spoil, message):
    rounds, untouched = seeded(0), seeded(0)
    state = untouched.state_dict() | {"given": 1, "order": PCG64}
    with pytest.raises(ArgumentError) as error:
        rounds.load_state_dict(spoil(state))
    assert str(error.value) == message
    assert rounds.state_dict() == untouched.state_dict()
    assert three_rounds(rounds) == three_rounds(untouched)
