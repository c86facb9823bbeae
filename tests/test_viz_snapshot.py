"""A Snapshot tells the graph as it is, with its gradients, and changes nothing."""

import gc
import json

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor import backward, draw, graph
from microtensor.errors import ArgumentError, GraphTooLargeError
from microtensor.viz import snapshot
from microtensor.viz.briefly import moments
from microtensor.viz.collecting import collector_waiting
from microtensor.viz.names import (
    expression,
    is_loss_name,
    is_weight_name,
    module_title,
    names_by_identity,
    sign,
)


def by_label(taken):
    return {node.label: node for node in taken.nodes}


def grads_of(taken):
    return {n.label: n.grad for n in taken.nodes if n.grad is not None}


# What is there


def test_ids_are_counted_in_topological_order():
    taken = snapshot(samples.mazur())
    assert [n.id for n in taken.nodes] == [f"v{i + 1}" for i in range(len(taken.nodes))]
    place = {n.id: i for i, n in enumerate(taken.nodes)}
    assert all(place[e.src] < place[e.dst] for e in taken.edges)
    assert taken.root == taken.nodes[-1].id


def test_each_argument_is_an_edge():
    x = mt.Value(3.0, name="x")
    taken = snapshot(x * x)
    assert [(e.src, e.dst, e.position) for e in taken.edges] == [("v1", "v2", 0), ("v1", "v2", 1)]
    assert [(e.upstream, e.local, e.contribution) for e in taken.edges] == [(1.0, 3.0, 3.0)] * 2


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a / b,
        lambda a, b: a * a, lambda a, b: a + a, lambda a, b: 3.0 * a, lambda a, b: b - 2.0,
        lambda a, b: -a, lambda a, b: np.tanh(a), lambda a, b: np.maximum(a, b),
        lambda a, b: mt.Value(2.0, requires_grad=False) * b,
    ],
)  # fmt: skip
def test_derivatives_read_from_general_formulas_are_those_of_the_rules(call):
    a, b = mt.Value(-0.7, name="a"), mt.Value(1.3, name="b")
    made = call(a, b) * 1.0
    general, plain = snapshot(made, formulas="general"), snapshot(made)
    assert [e.local for e in general.edges] == [e.local for e in plain.edges]
    assert {type(e.local) for e in general.edges} <= {float, type(None)}


def test_a_shared_value_is_one_node():
    x = mt.Value(3.0, name="x")
    y = x + 1.0
    taken = snapshot(y * y + x)
    assert sum(n.name == "x" for n in taken.nodes) == 1


def test_the_contributions_to_a_value_add_up_to_its_gradient():
    for root in (samples.neuron(), samples.mazur(), samples.pair()[0], samples.batch()[0]):
        taken = snapshot(root)
        for node in taken.nodes[:-1]:
            if node.grad is not None:
                total = sum(np.asarray(e.contribution) for e in taken.users[node.id])
                assert total == pytest.approx(np.asarray(node.grad), rel=1e-12, abs=1e-15)


def test_gradients_are_those_of_the_backward_pass():
    root = samples.mazur()
    expected = backward.all_gradients(root)
    taken = snapshot(root)
    found = {n.name: n.grad for n in taken.nodes if n.name}
    named = {n.name: g for n, g in expected.items() if n.name}
    assert found == pytest.approx(named, rel=1e-14)


def test_local_derivatives_are_slopes():
    taken = snapshot(samples.neuron())
    edges = {(taken.node(e.src).label, taken.node(e.dst).label): e for e in taken.edges}
    assert edges["n", "o"].local == pytest.approx(0.5)  # 1 - tanh² = 1/2, Karpathy's choice of b
    assert edges["w2", "x2·w2"].local == 0.0
    assert edges["x1", "x1·w1"].local == -3.0


def test_a_local_derivative_is_told_even_where_nothing_arrives():
    x = mt.Value(2.0, name="x")
    taken = snapshot((x * 3.0) * 0.0)
    first = taken.edges[0]
    assert (first.upstream, first.local, first.contribution) == (0.0, 3.0, 0.0)


# What is not changed


def test_no_grad_is_touched_and_no_backward_is_needed():
    x, w = mt.Value(2.0, name="x"), mt.Value(3.0, name="w")
    y = (x * w).tanh()
    before = mt.Value(5.0)
    x.grad = before
    snapshot(y)
    assert x.grad is before
    assert (w.grad, y.grad) == (None, None)


def test_a_snapshot_keeps_its_numbers_when_the_model_moves_on():
    w = mt.Value(np.array([1.0, 2.0]), name="w")
    taken = snapshot((w * w).sum())
    w.data = np.array([9.0, 9.0])
    assert taken.node("v1").value.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        taken.node("v1").value[0] = 5.0


def test_a_snapshot_is_taken_inside_no_grad_too():
    with mt.no_grad():
        assert grads_of(snapshot(samples.mazur())) == {}
    root = samples.classes()
    with mt.no_grad():
        assert len(snapshot(root).nodes) > 3


def test_taking_a_snapshot_records_nothing_and_leaves_the_scope():
    graph_before = graph.state.scope
    snapshot(samples.classes())
    assert graph.state.scope is graph_before


# What is missing is not zero


def test_a_gradient_that_does_not_exist_is_none():
    x = mt.Value(np.ones(3), name="x")
    assert snapshot(x * 2.0).state == "none"
    assert grads_of(snapshot(x * 2.0)) == {}
    assert grads_of(snapshot((x * 2.0).sum(), gradients=False)) == {}
    given = snapshot(x * 2.0, gradient=np.array([1.0, 0.0, 2.0]))
    assert by_label(given)["x"].grad.tolist() == [2.0, 0.0, 4.0]


def test_a_graph_that_was_changed_since_is_shown_as_stale_without_gradients():
    w = mt.Value(3.0, name="w")
    loss = w * w
    w.data = 4.0
    taken = snapshot(loss)
    assert taken.state == "stale"
    assert [(n.value, n.grad) for n in taken.nodes] == [(4.0, None), (9.0, None)]


def test_a_value_that_no_gradient_reaches_has_zero():
    x, unused = mt.Value(1.0, name="x"), mt.Value(2.0, name="unused")
    taken = snapshot(x + np.floor(unused))
    assert by_label(taken)["unused"].grad == 0.0
    assert by_label(taken)["x"].grad == 1.0


def test_a_root_without_gradient_is_shown():
    taken = snapshot(mt.Value(2.5, name="x") > 1.0)
    assert (taken.state, [n.value for n in taken.nodes]) == ("none", [2.5, 1.0, True])


def test_a_leaf_alone_is_a_graph():
    taken = snapshot(mt.Value(2.0, name="x"))
    assert [(n.kind, n.word, n.grad) for n in taken.nodes] == [("output", "output", 1.0)]


# Fused functions


def test_a_fused_function_is_shown_as_what_it_stands_for():
    root = samples.classes()
    functions = [n.function for n in snapshot(root).nodes if n.function]
    assert "numpy.mean" in functions
    assert "softmax_cross_entropy" not in functions
    whole = snapshot(root, expand=False)
    assert [n.op for n in whole.nodes if n.op] == ["cross-entropy"]


def test_expanding_changes_no_number():
    loss, names, _ = samples.batch()
    open_, whole = snapshot(loss, names=names), snapshot(loss, names=names, expand=False)
    assert by_label(open_)["loss"].value == by_label(whole)["loss"].value
    for path in ("layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"):
        assert by_label(open_)[path].grad == pytest.approx(by_label(whole)[path].grad, rel=1e-12)


def test_a_fused_function_that_stands_for_its_argument_is_left_whole(monkeypatch):
    known = mt.primitives.known(mt.ops.softmax_cross_entropy)
    monkeypatch.setattr(known, "stands_for", lambda logits, labels: 1.0)
    assert [n.op for n in snapshot(samples.classes()).nodes if n.op] == ["cross-entropy"]


# Names and roles


def test_names_come_from_the_value_then_the_model_then_the_dict_then_the_expression():
    loss, names, model = samples.batch()
    names = names | {"W": model.layers[0].weight, "_": loss, "out": loss}
    labels = set(by_label(snapshot(loss, names=names)))
    assert {"layers.0.weight", "x", "y", "loss"} <= labels
    assert not {"W", "_", "out"} & labels
    a, b = mt.Value(1.0), mt.Value(2.0)
    taken = snapshot((a - b).exp(), names={"a": a, "b": b})
    assert [n.label for n in taken.nodes] == ["a", "b", "a−b", "t4"]


def test_names_are_a_dict():
    with pytest.raises(ArgumentError) as error:
        snapshot(mt.Value(2.0) * 3.0, names=["x"])
    assert str(error.value) == (
        "names must be a dict: which value has which name.\n"
        "  expected  such as locals(), or {'w': w}\n"
        "  got       a list"
    )


def test_entries_of_lists_are_named():
    w = [mt.Value(1.0), mt.Value(2.0)]
    taken = snapshot(w[0] + w[1], names={"w": w, "deep": [[w[1]]]})
    assert [n.name for n in taken.nodes] == ["w[0]", "w[1]", None]
    assert names_by_identity({"v": [[w[0]]]})[0] == {id(w[0]): "v[0][0]"}


def test_an_array_that_a_model_converted_keeps_its_name():
    x = np.array([1.5, 2.5])
    w = mt.Value(np.ones(2, np.float32), name="w")
    taken = snapshot((w * x.astype(np.float32)).sum(), names={"other": np.zeros(2), "x": x})
    assert "x" in by_label(taken)


def test_roles_are_told():
    kinds = {n.label: n.word for n in snapshot(samples.neuron()).nodes if n.word}
    assert kinds == {
        "x1": "input", "x2": "input", "w1": "param", "w2": "param", "b": "param", "o": "output",
    }  # fmt: skip
    loss, names, _ = samples.batch()
    kinds = {n.label: n.word for n in snapshot(loss, names=names).nodes if n.word}
    assert kinds["loss"] == "loss"
    assert (kinds["x"], kinds["y"]) == ("const", "const")
    assert kinds["layers.0.bias"] == "param"


def test_params_can_be_named():
    x, w = mt.Value(2.0, name="x"), mt.Value(3.0, name="w")
    kinds = {n.label: n.kind for n in snapshot(x * w, params=[x]).nodes}
    assert kinds == {"x": "param", "w": "input", "x·w": "output"}


def test_a_parameter_is_known_by_its_class():
    class Parameter(mt.Value):
        pass

    p = Parameter(2.0, name="anything")
    assert [n.kind for n in snapshot(p * 2.0).nodes] == ["param", "const", "output"]


def test_a_value_without_gradient_is_a_constant():
    c = mt.Value(2.0, requires_grad=False, name="w")
    x = mt.Value(1.0, name="x")
    assert [n.kind for n in snapshot(c * x).nodes] == ["const", "input", "output"]


@pytest.mark.parametrize("name", ["w", "w1", "W", "b2", "bias", "theta", "θ", "w[0]", "w1_2"])
def test_names_that_textbooks_give_weights(name):
    assert is_weight_name(name)


@pytest.mark.parametrize("name", [None, "x", "x1", "wave", "batch", "W_ih"])
def test_names_that_textbooks_give_other_things(name):
    assert not is_weight_name(name)


def test_names_of_losses():
    assert [is_loss_name(n) for n in ("loss", "E", "L", "E_total", "o", None)] == [True] * 4 + [
        False
    ] * 2


def test_each_use_of_a_number_is_a_box_and_each_array_one():
    x = mt.Value(1.0, name="x")
    assert sum(n.kind == "const" for n in snapshot(x * 2.0 + 2.0).nodes) == 2
    y = np.ones(3)
    v = mt.Value(np.ones(3), name="v")
    assert sum(n.kind == "const" for n in snapshot((v * y + y).sum()).nodes) == 1


@pytest.mark.parametrize(
    ("make", "op"),
    [
        (lambda x: x**2, "x²"),
        (lambda x: x**-1, "x⁻¹"),
        (lambda x: x**0.5, "x^0.5"),
        (lambda x: 2**x, "xʸ"),
        (lambda x: -x, "−x"),
        (lambda x: x / 2, "÷"),
        (lambda x: x[0], "x[0]"),
        (lambda x: x[0, 1:], "x[0, 1:]"),
        (lambda x: x[..., None], "x[…, new]"),
        (lambda x: x[::2], "x[::2]"),
        (lambda x: x[np.array([0, 1])], "x[i]"),
        (lambda x: x[np.array([True, False])], "x[mask]"),
        (lambda x: x.T, "xᵀ"),
        (lambda x: mt.relu(x), "ReLU"),
        (lambda x: np.sqrt(x), "√x"),
        (lambda x: x.sum(), "sum"),
        (lambda x: np.einsum("ij->j", x), "einsum ij->j"),
        (lambda x: mt.ops.astype(x, np.float32), "→ f32"),
    ],
)
def test_signs_of_operations(make, op):
    taken = snapshot(make(mt.Value(np.ones((2, 2)), name="x")))
    assert taken.nodes[-1].op == op
    assert taken.nodes[0].label == "x" or op == "xʸ"


def test_a_constant_that_is_part_of_the_sign_gets_no_box():
    assert [n.kind for n in snapshot(mt.Value(3.0) ** 2).nodes] == ["input", "output"]


def test_short_expressions_are_of_short_names():
    assert expression(np.multiply, ["x1", "w1"]) == "x1·w1"
    assert expression(np.multiply, ["x1", None]) is None
    assert expression(np.multiply, ["a_long_name", "x"]) is None
    assert expression(np.exp, ["x"]) is None
    assert sign(np.exp, (1.0,), None) == "exp"


# Modules


def test_groups_are_the_calls_of_modules():
    loss, _ = samples.pair()
    taken = snapshot(loss)
    assert [(g.key, g.title, g.parent, g.depth) for g in taken.groups] == [
        ("g1", "Pair", None, 0),
        ("g2", "neuron 0 · Perceptron", "g1", 1),
        ("g3", "neuron 1 · Perceptron", "g1", 1),
        ("g4", "head · Perceptron", "g1", 1),
    ]
    homes = {n.label: n.group for n in taken.nodes if n.kind == "param"}
    assert homes["neurons.0.w.0"] == "g2"
    assert homes["head.b"] == "g4"
    assert {n.group for n in taken.nodes if n.kind == "input"} == {None}


def test_a_module_that_is_called_twice_says_so():
    layer = samples.Linear(np.eye(2), np.zeros(2))
    x = mt.Value(np.ones((1, 2)), name="x")
    taken = snapshot(layer(layer(x)).sum())
    assert [g.title for g in taken.groups] == ["Linear(2→2)", "Linear(2→2) · call 2"]
    shared = [n for n in taken.nodes if n.kind == "param"]
    assert [n.group for n in shared] == [None, None]


def test_titles_tell_place_class_and_widths():
    chain = samples.Chain(2, 3, 1)
    assert module_title(chain, "Chain", "") == "Chain(2→3→1)"
    assert module_title(chain.layers[0], "Linear", "layers.0") == "layer 0 · Linear(2→3)"
    assert module_title(None, "Neuron", "neurons.3") == "neuron 3"
    deep = samples.Chain(*range(2, 11))
    assert module_title(deep, "Chain", "") == "Chain(2→3→4→…→10)"
    odd = samples.Chain(2, 3, 1)
    odd.layers[2] = samples.Linear(np.ones((1, 7)), np.ones(1))
    assert module_title(odd, "Chain", "") == "Chain"


def test_a_module_that_is_gone_keeps_its_class():
    def loss_of_a_passing_model():
        return samples.Chain(2, 1)(mt.Value(np.ones((1, 2)), name="x")).sum()

    titles = [g.title for g in snapshot(loss_of_a_passing_model()).groups]
    assert titles == ["Chain", "Linear"]


def test_an_array_of_a_module_is_inside_and_data_outside():
    class Scaled(samples.Module):
        def __init__(self):
            self.mean = np.array([1.0, 2.0])

        def forward(self, x, data):
            return (x - self.mean) * data

    model, data = Scaled(), np.ones(2)
    taken = snapshot(model(mt.Value(np.ones(2)), data).sum(), names={"m": model.mean, "d": data})
    assert (by_label(taken)["m"].group, by_label(taken)["d"].group) == ("g1", None)


# Parts


def small():
    """x -> t3 = w·x -> t4 = tanh -> t5 = t4 + x."""
    x, w = mt.Value(3.0, name="x"), mt.Value(2.0, name="w")
    return snapshot(np.tanh(w * x) + x)


@pytest.mark.parametrize(
    ("part", "labels", "root"),
    [
        (lambda t: t.ancestors("v3"), ["x", "w", "w·x"], "v3"),
        (lambda t: t.ancestors("x"), ["x"], "v1"),
        (lambda t: t.between("w", t.root), ["x", "w", "w·x", "t4", "t5"], "v5"),
        (lambda t: t.between("w", t.nodes[3]), ["x", "w", "w·x", "t4"], "v4"),
        (lambda t: t.neighbourhood("w", 1), ["w", "w·x"], "v3"),
        (lambda t: t.neighbourhood("x", 1), ["x", "w·x", "t5"], "v5"),
        (lambda t: t.neighbourhood("w"), ["x", "w", "w·x", "t4"], "v4"),
    ],
)
def test_a_part_has_the_nodes_asked_for_and_the_edges_among_them(part, labels, root):
    whole = small()
    found = part(whole)
    assert [n.label for n in found.nodes] == labels
    assert found.root == root
    kept = {n.id for n in found.nodes}
    assert list(found.edges) == [e for e in whole.edges if {e.src, e.dst} <= kept]
    assert all(n is whole.node(n.id) for n in found.nodes)  # gradients are those of the whole
    assert "digraph" in draw(found).source


def test_a_part_keeps_the_modules_around_it():
    taken = snapshot(samples.pair()[0])
    inner = next(n for n in taken.nodes if n.op == "tanh")
    part = taken.ancestors(inner)
    keys = {g.key for g in part.groups}
    assert inner.group in keys
    assert all(g.parent is None or g.parent in keys for g in part.groups)
    assert len(keys) < len(taken.groups)


def test_what_is_not_in_a_snapshot_is_told():
    with pytest.raises(ArgumentError) as error:
        small().ancestors("z")
    assert str(error.value) == (
        "There is no value 'z' in the snapshot.\n"
        "  expected  a Node of it, an id such as 'v1', or a name such as 'x'\n"
        "  got       'z'"
    )
    with pytest.raises(ArgumentError) as error:
        small().between("x", "w")
    assert str(error.value) == (
        "between: no path leads from the first to the second.\n"
        "  expected  a value, and one that was computed from it\n"
        "  got       x, and w"
    )


def test_a_snapshot_is_saved_as_the_suffix_says(tmp_path):
    taken = small()
    assert json.loads(taken.save(tmp_path / "a.json").read_text()) == taken.to_json()
    assert taken.save(tmp_path / "a.txt").read_text(encoding="utf-8") == taken.to_text()
    assert taken.save(tmp_path / "a.dot").read_text(encoding="utf-8") == draw(taken).source
    with pytest.raises(ArgumentError):
        taken.save(tmp_path / "a.xyz")


def test_a_drawing_of_a_snapshot_is_that_of_its_value():
    root = samples.mazur()
    taken = snapshot(root)
    assert draw(taken).source == draw(root).source
    assert draw(taken, neighbourhood="w5").source == draw(taken.neighbourhood("w5")).source
    with pytest.raises(ArgumentError, match="a snapshot of arrays does not know"):
        draw(snapshot(samples.batch()[0]), view="scalar")


# The collector


def test_the_collector_is_as_it_was_after_a_snapshot_and_after_an_error():
    for at_work in (True, False):
        try:
            (gc.enable if at_work else gc.disable)()
            with collector_waiting():
                assert not gc.isenabled()
            snapshot(samples.mazur())
            with pytest.raises(GraphTooLargeError):
                snapshot(samples.mazur(), limit=2)
            assert gc.isenabled() is at_work
        finally:
            gc.enable()


# Health


def test_dead_units_and_numbers_that_are_none_are_told():
    x = mt.Value(np.array([[1.0, -1.0], [2.0, -3.0]]), name="x")
    assert snapshot(mt.relu(x).sum()).nodes[1].health == "1 of 2 ReLU units dead"
    assert snapshot(mt.relu(x + 9.0).sum()).nodes[-2].health is None
    assert snapshot(mt.relu(mt.Value(-1.0))).nodes[1].health is None
    bad = mt.Value(np.array([1.0, np.nan, np.inf]), name="bad")
    assert snapshot(bad).nodes[0].health == "2 of 3 entries NaN"
    assert snapshot(mt.Value(np.inf)).nodes[0].health == "infinite"


def test_broadcasting_is_told():
    x = mt.Value(np.ones((4, 3)), name="x")
    b = mt.Value(np.ones(3), name="b")
    taken = snapshot((x + b).sum())
    assert [e.broadcast for e in taken.edges] == [None, "summed from 4×3 to 3", None]


# Readings


def test_json_is_plain_and_complete():
    x = mt.Value(np.array([1.0, np.nan, np.inf, -np.inf]), name="x")
    taken = snapshot((x * np.array([True, False, True, True])).sum())
    told = json.loads(json.dumps(taken.to_json(), allow_nan=False))
    assert told["nodes"][0]["value"] == [1.0, "NaN", "Infinity", "-Infinity"]
    assert told["nodes"][1]["value"] == [True, False, True, True]
    assert (told["root"], told["state"]) == (taken.root, "fresh")
    assert [e["id"] for e in told["edges"]] == [e.id for e in taken.edges]
    loss, _ = samples.pair()
    assert snapshot(loss).to_json()["groups"][1] == {
        "key": "g2", "title": "neuron 0 · Perceptron", "path": "neurons.0",
        "cls": "Perceptron", "parent": "g1", "depth": 1,
    }  # fmt: skip
    scalar = snapshot(mt.Value(1.0) * 3).to_json()
    assert [n["value"] for n in scalar["nodes"]] == [1.0, 3, 3.0]


def test_text_shows_each_value_once():
    x = mt.Value(2.0, name="x")
    y = x * x
    y.name = "y"
    assert snapshot(y + y * x).to_text() == (
        "+ t4 (output)   data 12   grad 1\n"
        "  × y   data 4   grad 3\n"
        "    x (input)   data 2   grad 16\n"
        "    ↑ x\n"
        "  × y·x   data 8   grad 1\n"
        "    ↑ y\n"
        "    ↑ x"
    )


def test_text_of_a_deep_graph_stays_on_the_page():
    y = mt.Value(0.5, name="x")
    for _ in range(40):
        y = np.sin(y)
    lines = snapshot(y).to_text().splitlines()
    assert lines[40].startswith(" " * 48 + "[40] x (input)")


def test_a_norm_does_not_overflow():
    x = mt.Value(np.ones(2), name="x")
    taken = snapshot(x * 1.0, gradient=np.array([3e200, 4e200]))
    assert taken.edges[0].norm == pytest.approx(5e200)
    assert snapshot(mt.Value(np.zeros(2)).sum()).edges[0].norm == pytest.approx(2**0.5)


def test_rounding_is_not_shown_as_a_mean():
    assert moments(np.array([0.1, 0.2, -0.3])) == (0.0, pytest.approx(0.216, abs=1e-3))
    assert moments(np.full(3, 0.1)) == (pytest.approx(0.1), 0.0)
    assert moments(np.array([1e-9, 3e-9])) == pytest.approx((2e-9, 1e-9))
    assert np.isnan(moments(np.zeros(0))).all()


# Wrong use


def test_only_a_value_has_a_graph():
    with pytest.raises(ArgumentError) as error:
        snapshot(3.0)
    assert str(error.value) == (
        "snapshot: the output must be a Value.\n"
        "  expected  a Value, such as a loss\n"
        "  got       float"
    )


def test_a_graph_past_the_limit_is_refused():
    x = mt.Value(1.0)
    y = x + 1.0 + 1.0
    with pytest.raises(GraphTooLargeError):
        snapshot(y, limit=2)
    assert len(snapshot(y, limit=3).nodes) == 5  # with its two constants
