"""The user's line of each call is remembered where it is asked for, and pictures go by it."""

import threading

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, anomalies, draw
from microtensor.lines import Line, line_of, source_lines
from microtensor.viz import snapshot
from microtensor.viz.sections import with_lines

HERE = __file__


def loop(n):
    w, y = Value(0.7, name="w"), Value(0.5, name="x")
    for _ in range(n):
        z = w * y + 0.1
        y = np.tanh(z)
    return (y - 1.0) ** 2


def test_a_cell_of_a_notebook_is_called_so():
    assert str(Line("/tmp/ipykernel_12/3456.py", 7)) == "cell:7"


def test_a_call_is_told_with_its_line():
    with source_lines():
        y = Value(2.0) * Value(3.0)
    line = line_of(y)
    assert line.path == HERE
    assert line.text == "y = Value(2.0) * Value(3.0)"
    assert line.told == f"test_lines.py:{line.number} · {line.text}"
    assert str(Line("/somewhere/else.py", 3)) == Line("/somewhere/else.py", 3).told == "else.py:3"


def test_nothing_is_remembered_outside_or_after():
    x = Value(2.0)
    with source_lines():
        y = x * x
    assert line_of(x * x) is None
    before = len(anomalies._traces)
    del y
    assert len(anomalies._traces) == before - 1  # its line went with it


def test_anomalies_are_not_looked_for_inside():
    with source_lines(), np.errstate(all="ignore"):
        y = np.log(Value(0.0))
    assert y.data == -np.inf
    assert line_of(y).text.startswith("y = np.log")


@pytest.mark.parametrize("inner", [source_lines, mt.detect_anomaly])
def test_blocks_stand_in_one_another(inner):
    x = Value(2.0)
    with source_lines():
        with inner():
            a = x * x
        b = x * x
    c = x * x
    assert [line_of(v) is not None for v in (a, b, c)] == [True, True, False]
    with pytest.raises(mt.errors.AnomalyError), mt.detect_anomaly():
        np.log(x - 2.0)


def test_another_thread_is_not_watched():
    made = []
    with source_lines():
        thread = threading.Thread(target=lambda: made.append(Value(2.0) * 3.0))
        thread.start()
        thread.join()
    assert line_of(made[0]) is None


def test_it_decorates_a_function():
    traced = source_lines()(loop)
    assert line_of(traced(2)).text == "return (y - 1.0) ** 2"


def test_a_snapshot_tells_the_line_of_each_call_and_of_no_leaf():
    with source_lines():
        taken = snapshot(loop(2))
    assert all((n.line is not None) == (n.op is not None) for n in taken.nodes)
    told = {n["op"]: n["line"] for n in taken.to_json()["nodes"]}
    assert told[None] is None
    assert told["tanh"] == str(next(n.line for n in taken.nodes if n.op == "tanh"))


def test_a_large_drawing_without_modules_goes_by_lines():
    with source_lines():
        loss = loop(1_000)
    boxes = draw(loss, depth=0).text.splitlines()
    assert [line.partition("   ")[0].partition(" · ")[2] for line in boxes] == [
        "z = w * y + 0.1", "y = np.tanh(z)", "return (y - 1.0) ** 2", "",
    ]  # fmt: skip
    assert "calls 1 to" in draw(loop(1_000), depth=0).text  # where no lines are known


def test_too_many_values_together_are_put_together_by_lines():
    with source_lines():
        taken = snapshot(loop(50))
    homes, groups = with_lines(taken, 100)
    assert [g.title.partition(" · ")[2] for g in groups] == [
        "z = w * y + 0.1", "y = np.tanh(z)", "return (y - 1.0) ** 2",
    ]  # fmt: skip
    by_op = {n.op: home for n, home in zip(taken.nodes, homes, strict=True)}
    assert by_op["×"] == by_op["+"] == by_op[None] or by_op[None] == by_op["−"]
    assert by_op["tanh"] != by_op["×"]
    first = next(i for i, n in enumerate(taken.nodes) if n.name == "w")
    assert homes[first] == by_op["×"]  # a leaf goes with the call that uses it
    assert with_lines(taken, 1_000) == ([None] * len(taken.nodes), [])
    assert with_lines(snapshot(loop(50)), 100)[1] == []
