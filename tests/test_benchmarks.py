"""Races are fair, and a contestant who computes something else than the yardstick is refused."""

import doctest
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import microtensor as mt
from benchmarks import handwritten, ours, protocol, report
from benchmarks.processes import ROOT, ProcessRace
from benchmarks.race import Contestant, DisagreementError, Race, StepRace, agree, in_turn
from benchmarks.races import RACES, choose, deep_chain, memory, mlp


def test_every_race_has_distinct_contestants_and_one_of_ours():
    for name, race in RACES.items():
        keys = [c.key for c in race.contestants]
        assert name == race.name
        assert len(keys) == len(set(keys))
        assert race.ours in keys


def step_race(**wrong) -> StepRace:
    """The tiny MLP by hand, against another."""
    tiny = RACES["mlp-tiny"]
    entries = [Contestant(name, name, "numpy", enter) for name, enter in wrong.items()]
    return replace(tiny, contestants=[tiny.contestants[0], *entries], ours=entries[0].key)


def at_half_the_rate(p):
    return lambda: handwritten.step(p.layers, p.x, p.labels, mlp.RATE / 2)


def forgets_the_biases(p):
    def step():
        kept = [b.copy() for _, b in p.layers]
        loss = handwritten.step(p.layers, p.x, p.labels, mlp.RATE)
        for (_, b), old in zip(p.layers, kept, strict=True):
            b[:] = old
        return loss

    return step


def from_other_weights(p):
    p.layers[0][0][0, 0] += 0.1
    return mlp.by_hand(p)


def in_another_order(p):
    """The same mathematics, summed in another order: not a reason to refuse."""
    p.x, p.labels = p.x[::-1].copy(), p.labels[::-1].copy()
    return mlp.by_hand(p)


@pytest.mark.parametrize("wrong", [at_half_the_rate, forgets_the_biases, from_other_weights])
def test_race_is_void_when_a_contestant_computes_something_else(wrong):
    with pytest.raises(DisagreementError) as error:
        step_race(rival=wrong).run(quick=True)
    assert str(error.value).startswith("rival: does not compute what handwritten computes")


def test_race_allows_another_order_of_summation():
    result = step_race(rival=in_another_order).run(quick=True)
    assert set(result.samples) == {"handwritten", "rival"}


def test_refusal_shows_the_losses_of_both():
    with pytest.raises(DisagreementError) as error:
        agree({"by hand": [2.0, 1.0], "same": [2.0, 1.0], "rival": [2.0, 1.5]})
    assert str(error.value) == (
        "rival: does not compute what by hand computes; the race is void\n"
        "  expected  losses [2.0, 1.0]\n"
        "  got       losses [2.0, 1.5]"
    )


def test_refusal_of_a_loss_that_is_not_a_number():
    with pytest.raises(DisagreementError):
        agree({"by hand": [2.0, 1.0], "rival": [2.0, float("nan")]})


def test_check_that_could_not_tell_is_refused():
    with pytest.raises(DisagreementError) as error:
        agree({"by hand": [2.0, 2.0], "rival": [2.0, 2.0]})
    assert str(error.value) == (
        "by hand: the loss hardly moves in 2 steps, so it cannot tell\n"
        "  got       [2.0, 2.0]\n"
        "  Take a larger learning rate."
    )


def test_deep_chain_with_a_wrong_gradient_is_refused():
    wrong = deep_chain.Chain(lambda n: n, lambda n: 1.0)
    with pytest.raises(DisagreementError) as error:
        deep_chain.run(wrong, 1)
    assert str(error.value) == "the gradient of 1 steps is 1.0, not 1.0000001"


class FakedProcesses(ProcessRace):
    """No process is started; a contestant's `enter` is what it would have answered."""

    def in_own_process(self, contestant, quick):
        return {"value": 1.0, "check": contestant.enter, "note": "as agreed"}


@pytest.mark.parametrize(("losses", "valid"), [([2.0, 1.0], True), ([2.0, 1.1], False)])
def test_contestants_in_processes_of_their_own_must_agree_too(losses, valid):
    both = [Contestant("a", "A", "numpy", [2.0, 1.0]), Contestant("b", "B", "numpy", losses)]
    race = FakedProcesses(name="r", title="", unit="us", contestants=both, ours="b")
    if valid:
        assert race.run().samples == {"a": [1.0] * 5, "b": [1.0] * 5}
        assert race.run().notes == ["A: as agreed", "B: as agreed"]
    else:
        with pytest.raises(DisagreementError, match=r"^b: does not compute what a computes"):
            race.run()


def test_threads_are_settled_before_numpy_or_not_at_all():
    with pytest.raises(RuntimeError) as error:
        protocol.settle()
    assert str(error.value) == (
        "protocol.settle() came too late: NumPy has already started its threads"
    )


def test_contestants_take_turns():
    calls = []
    samples = in_turn({k: lambda k=k: calls.append(k) for k in "abc"}, rounds=2, turn=0)
    assert "".join(calls).endswith("abcabc")
    assert {k: len(v) for k, v in samples.items()} == {"a": 2, "b": 2, "c": 2}


def test_absent_and_uninvited_contestants_are_named():
    race = step_race(rival=in_another_order)
    absent = Contestant("absent", "Absent", "no_such_library")
    inside = Contestant("inside", "Inside", "no_such_library.inside")
    shy = Contestant("shy", "Shy", "numpy", excuse="does not run")
    race = replace(race, contestants=[*race.contestants, absent, inside, shy])
    missing = race.run(["handwritten", "absent", "inside", "shy"], quick=True).missing
    assert missing == {
        "rival": "not asked for",
        "absent": "absent: no module named no_such_library",
        "inside": "absent: no module named no_such_library.inside",
        "shy": "does not run",
    }


def test_race_without_contestants_measures_nothing():
    absent = Contestant("a", "A", "no_such_library")
    race = Race(name="r", title="", unit="us", contestants=[absent])
    assert race.run().samples == {}
    assert report.as_data(race, race.run())["yardstick"] is None


def test_names_choose_races_by_their_beginning():
    assert [r.name for r in choose(["mlp-small"])] == ["mlp-small"]
    assert [r.name for r in choose(["mlp", "mlp-small"])] == [f"mlp-{m}" for m in mlp.MODELS]
    assert len(choose([])) == len(RACES)
    with pytest.raises(LookupError, match="no race is called 'ml'; there are: mlp-tiny, "):
        choose(["ml"])


def test_ratios_are_those_of_neighbours():
    race = step_race(rival=in_another_order)
    result = race.run(keys=[], quick=True)
    result.samples = {"handwritten": [1.0, 10.0, 1.0], "rival": [2.0, 20.0, 3.0]}
    data = report.as_data(race, result)
    assert data["contestants"]["rival"] == {
        "title": "rival", "median": 3.0, "quartiles": [2.5, 11.5], "rounds": 3,
        "over_yardstick": 2.0, "ours_over": 1.0, "over": {"handwritten": 2.0},
    }  # fmt: skip
    assert data["contestants"]["handwritten"]["ours_over"] == 2.0
    assert doctest.testmod(report).failed == 0


def test_tables_fit_in_80_columns():
    for race in RACES.values():
        result = race.run(keys=[])
        result.samples = {c.key: [123456.789] * 3 for c in race.contestants[::2]}
        lines = report.table(race.name, report.as_data(race, result)).splitlines()
        assert max(map(len, lines)) <= 80


def test_peak_of_memory_counts_what_is_freed_again():
    held = np.ones(2**20, np.uint8)
    assert memory.peak(lambda: held + held) == pytest.approx(2**20, rel=0.01)


def test_a_compiled_step_is_charged_for_what_it_keeps_between_two_steps():
    problem = mlp.Problem.make([64, 128, 128, 10], 32)
    losses, held = ours.Ours(mlp.our_step, "numpy").held(problem)
    agree({"plain": [float(mlp.by_hand(problem)()) for _ in losses], "compiled": losses})
    ledger = mt.profile(mlp.our_step(problem), problem.x, problem.labels, repeat=1)
    assert held == pytest.approx(ledger.peak, rel=0.1)
    assert held > 4 * sum(W.size + b.size for W, b in problem.layers)  # the gradients
    alone = memory.peak(ours.Ours(mlp.our_step)(problem))
    assert 0.5 * alone < held < 1.5 * alone


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_command_races_and_writes_json(tmp_path):
    out = tmp_path / "out.json"
    who = "handwritten,microtensor"
    done = command("--quick", "--only", "mlp-tiny", "--contestants", who, "--json", str(out))
    assert done.stderr == ""
    data = json.loads(out.read_text())
    race = data["races"]["mlp-tiny"]
    assert set(data) == {"versions", "settings", "races"}
    assert {"python", "numpy", "microtensor", "torch", "jax"} <= set(data["versions"])
    assert data["settings"]["environment"]["OMP_NUM_THREADS"] == "1"
    assert data["settings"]["quick"] is True
    assert set(race) == {"title", "unit", "ours", "yardstick", "contestants", "notes"}
    assert race["contestants"]["pytorch"] == {"title": "PyTorch", "missing": "not asked for"}
    measured = {"title", "median", "quartiles", "rounds", "over_yardstick", "ours_over", "over"}
    for key in ("handwritten", "microtensor"):
        assert set(race["contestants"][key]) == measured
    assert done.stdout.startswith("mlp-tiny: a training step, 2-16-16-2, batch 100\n")


def test_our_scalar_step_is_raced_in_a_process_of_its_own():
    done = command("--quick", "--only", "scalar-small", "--contestants", "microtensor")
    assert done.stderr == ""
    assert "  microtensor " in done.stdout


def test_command_profiles_our_own_step():
    done = command("--profile", "mlp-tiny")
    assert done.stderr == ""
    assert "backward.py" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nothing"], "no race is called 'nothing'; there are: " + ", ".join(RACES)),
        (
            ["--only", "import", "--contestants", "numpy,theano"],
            "no contestant of these races is called theano",
        ),
        (
            ["--profile", "import"],
            "no race of steps is called 'import'; there are: "
            + ", ".join(name for name, race in RACES.items() if isinstance(race, StepRace)),
        ),
    ],
)
def test_command_refuses_names_that_it_does_not_know(arguments, message):
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stderr == f"benchmarks: {message}\n"
