"""What is told of a graph: both passes, one derivation, paths, nudges, and what would be."""

import math

import numpy as np
import pytest
from viz_worked import MAZUR, mazur
from worked_examples import published

import microtensor as mt
from microtensor import Value, nn, viz
from microtensor.errors import ArgumentError, StaleValueError
from microtensor.viz.pathways import count_paths, largest_paths
from microtensor.viz.staging import labels_of

PRINTED = MAZUR["published"]
COMPUTED = MAZUR["computed_first_pass"]


def written(x):
    """A published number as an explanation writes it, with nine decimals."""
    return f"{float(x):.9f}".rstrip("0").replace("-", "−")


# Mazur and Draelos


@pytest.mark.parametrize("k", range(1, 9))
def test_the_derivation_of_each_weight_prints_mazurs_gradient_and_update(k):
    v = mazur()
    told = str(mt.explain(v["E"], wrt=v[f"w{k}"], lr=MAZUR["inputs"]["eta"], digits=9))
    computed = float(COMPUTED[f"dE_dw{k}"])
    assert viz.theme.number(computed, 9) in told  # small ones are powers of ten
    if k >= 5:  # the article's hidden updates were printed with fewer digits
        new = float(PRINTED[f"w{k}+"])
        assert f"w{k} ← w{k} − η·∂E/∂w{k} = " in told
        assert written(new) in told
    assert told.rstrip().endswith("✓")


@pytest.mark.parametrize("k", range(1, 5))
def test_the_hidden_updates_of_the_article_are_printed_to_its_digits(k):
    v = mazur()
    told = str(mt.explain(v["E"], wrt=v[f"w{k}"], lr=MAZUR["inputs"]["eta"], digits=9))
    new = float(told.split(f"∂E/∂w{k} = ")[-1].split(" = ")[1].split("\n")[0])
    assert abs(new - float(PRINTED[f"w{k}+"])) < 6e-9  # its eight or nine decimals


def test_mazurs_chain_for_w5_is_told_as_in_the_article():
    v = mazur()
    assert str(mt.explain(v["E"], wrt=v["w5"], lr=0.5, digits=9)) == (
        "The derivative of E by w5\n"
        "  ∂E/∂w5 = ∂E/∂E1 × ∂E1/∂out_o1 × ∂out_o1/∂net_o1 × ∂net_o1/∂w5\n"
        "         = 1 × (−t13) × out_o1·(1 − out_o1) × out_h1\n"
        "         = 1 × 0.74136507 × 0.186815602 × 0.593269992\n"
        "         = 0.082167041\n"
        "  w5 ← w5 − η·∂E/∂w5 = 0.4 − 0.5·0.082167041 = 0.35891648\n"
        "  nudge test: (E(w5 + h) − E(w5 − h))/2h = 0.082167041 ✓"
    )


def test_every_number_of_mazurs_forward_pass_is_told():
    told = str(mt.explain(mazur()["E"], digits=9))
    for name in ("net_h1", "out_h1", "out_h2", "net_o1", "out_o1", "out_o2"):
        assert f"{name} = " in told
        assert f"= {written(PRINTED[name])}\n" in told


def test_a_shared_bias_is_said_to_be_used_again():
    told = str(mt.explain(mazur()["E"]))
    assert (
        "+ passes ∂E/∂net_o1 = 0.1385 on unchanged to t9 and b2     "
        "(b2 is used again: −0.0381 + 0.1385 = 0.1004)" in told
    )


def test_draelos_forward_pass_is_told():
    article = published("draelos2019.json")
    x = Value(article["inputs"]["x"], name="x")
    W = Value(article["inputs"]["W1_rows_E_F_G"], name="W")
    b = Value(np.full(3, article["inputs"]["b1"]), name="b")
    z = W @ x + b
    start = Value(float(b.data[0]))
    unrolled = [sum((Value(w) * float(v) for w, v in zip(row, x.data, strict=True)), start)
                for row in W.data]  # fmt: skip
    for row in unrolled:
        said = viz.theme.number(float(row))
        assert said in str(mt.explain(row))
    assert "t1 = W @ x" in str(mt.explain(z))


# Identities


def tangled():
    """A graph in which values are used many times."""
    x = Value(0.7, name="x")
    y = x
    for _ in range(6):
        y = mt.tanh(y * x + y)
    y.name = "y"
    return x, y


def test_the_sum_over_all_paths_is_the_gradient():
    x, y = tangled()
    table = mt.paths(y, x, limit=10_000)
    assert table.count == len(table.paths) == 127
    assert math.isclose(sum(p.product for p in table.paths), mt.grad(replayed)(0.7), rel_tol=1e-12)


def replayed(x):
    y = x
    for _ in range(6):
        y = mt.tanh(y * x + y)
    return y


def test_the_largest_paths_are_the_largest_of_all():
    x, y = tangled()
    every = sorted((abs(p.product) for p in mt.paths(y, x, limit=10_000)), reverse=True)
    some = [abs(p.product) for p in mt.paths(y, x, limit=5)]
    assert np.allclose(some, every[:5], rtol=1e-12)


def test_paths_are_counted_exactly_where_there_are_more_than_floats_can_count():
    x = Value(1.0, name="x")
    y = x
    for _ in range(200):
        y = y * 0.5 + y * 0.5
    taken = viz.snapshot(y)
    assert count_paths(taken, "v1") == 2**200
    assert len(largest_paths(taken, "v1", 3)) == 3
    assert f"{2**200:,} paths" in str(mt.paths(y, x, limit=2))


def test_stages_end_with_the_gradients_of_the_backward_pass():
    v = mazur()
    last = {}
    for stage in mt.stages(v["E"]):
        if stage.direction != "forward":
            last[stage.node.name] = stage.after
    v["E"].backward()
    for name in ("w1", "b1", "b2", "out_h1", "i2"):
        assert math.isclose(last[name], v[name].grad, rel_tol=1e-12)


def test_an_explanation_touches_no_gradient():
    v = mazur()
    mt.explain(v["E"])
    mt.explain(v["E"], wrt=v["w5"])
    mt.what_if(v["E"], {v["w5"]: 1.0})
    assert all(value.grad is None for value in v.values())
    assert float(v["w5"]) == MAZUR["inputs"]["W2_rows_o1_o2"][0][0]


def test_what_if_agrees_with_the_graph_made_anew():
    x = Value([0.5, -1.0], name="x")
    w = Value([2.0, 3.0], name="w")
    y = (mt.tanh(x * w) * w).sum()
    found = mt.what_if(y, {w: [1.0, -1.0]})
    other = Value([1.0, -1.0])
    expected = (mt.tanh(x * other) * other).sum()
    expected.backward()
    by_name = {row.name: row for row in found}
    assert np.allclose(by_name["w"].after.grad, other.grad, rtol=1e-14)
    assert math.isclose(found.after.node(found.after.root).value, float(expected))
    assert math.isclose(found.moved, float(expected) - float(y))


def test_a_value_may_be_named():
    v = mazur()
    by_value, by_name = (str(mt.explain(v["E"], wrt=w)) for w in (v["w5"], "w5"))
    assert by_name == by_value
    assert mt.paths(v["E"], "w1").count == 2
    assert mt.nudge(v["E"], "w1")
    assert mt.what_if(v["E"], {"w5": 1.0}).moved > 0
    with pytest.raises(ArgumentError) as error:
        mt.paths(v["E"], "w9")
    assert str(error.value) == (
        "There is no value named 'w9' in the graph.\n"
        "  expected  one of i1, i2, w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 ...\n"
        "  got       'w9'"
    )


def test_a_small_change_moves_the_output_by_gradient_times_change():
    v = mazur()
    found = mt.what_if(v["E"], {v["w5"]: float(v["w5"]) + 1e-6})
    assert math.isclose(found.moved, found.expected, rel_tol=1e-5)


def test_what_was_dropped_at_random_stays_dropped():
    x = Value([1.0, 2.0, 3.0, 4.0], name="x")
    drop = nn.Dropout(0.5, rng=0)
    state = drop.rng.bit_generator.state
    y = drop(x).sum()
    after = drop.rng.bit_generator.state
    assert after != state
    kept = np.asarray(mt.grad(lambda v: nn.Dropout(0.5, rng=0)(v).sum())(x.data))
    assert kept.sum() > 0
    found = mt.what_if(y, {x: [10.0, 20.0, 30.0, 40.0]})
    assert drop.rng.bit_generator.state == after
    assert found.after.node(found.after.root).value == float(kept @ [10.0, 20.0, 30.0, 40.0])
    mt.explain(y)
    assert drop.rng.bit_generator.state == after


def test_a_nudge_objects_to_a_wrong_rule():
    @mt.primitive
    def cube(x):
        return x * x * x

    mt.differentiable(cube, lambda g, y, x: g * 2 * x * x)
    table = mt.nudge(cube(Value(2.0, name="x")))
    assert not table
    assert "✗ differs" in str(table)


def test_every_entry_of_an_array_is_nudged():
    w = Value(np.arange(6.0).reshape(2, 3), name="W")
    table = mt.nudge((w * w).sum())
    assert [row.name for row in table] == [f"W[{i},{j}]" for i in range(2) for j in range(3)]
    assert np.allclose([row.slope for row in table], 2 * np.arange(6.0), atol=1e-8)
    assert table


def test_of_a_large_array_evenly_spaced_entries_are_nudged():
    w = Value(np.ones(1000), name="w")
    table = mt.nudge((w * w).sum())
    assert len(table) == 64
    assert table[-1].name == "w[999]"


# Arrays, modules, limits


def test_products_of_matrices_are_told_in_shapes():
    x, w = Value(np.ones((6, 2)), name="x"), Value(np.ones((2, 4)), name="W")
    loss = (x @ w).sum()
    loss.name = "L"
    told = str(mt.explain(loss))
    assert "t1 = x @ W = 6×4 ‖9.798‖     ((6×2)(2×4) = 6×4)" in told
    assert "∂L/∂W = xᵀ @ ∂L/∂t1 = 2×4 ‖16.9706‖     ((2×6)(6×4) = 2×4)" in told


def test_a_broadcast_operand_is_told_to_be_shared():
    x, b = Value(np.ones((6, 4)), name="x"), Value(np.ones(4), name="b")
    told = str(mt.explain((x + b).sum()))
    assert "(b is shared by 6 rows: the 6 contributions are added)" in told


def test_of_arrays_the_way_to_one_value_is_told():
    net = nn.MLP(2, [4, 1], rng=0)
    loss = mt.losses.mse(net(np.ones((6, 2))), np.zeros((6, 1)))
    told = str(mt.explain(loss, wrt=net.parameters()[0]))
    last = told.splitlines()[-1]
    assert "/∂layers.0.weight = " in last
    assert "bias" not in told


def test_a_large_graph_is_told_by_its_modules():
    net = nn.MLP(2, [4, 4, 1], rng=0)
    loss = mt.losses.mse(net(np.ones((6, 2))), np.zeros((6, 1)))
    told = str(mt.explain(loss, max_steps=20))
    assert "steps, told by 3 modules; explain a part of it for each step." in told
    assert "layer 1 · Layer(4→4): " in told
    assert "∂t" in told


def test_a_long_chain_without_modules_says_what_it_leaves_out():
    y = Value(1.0, name="x")
    for _ in range(3000):
        y = y * 1.0001
    told = str(mt.explain(y, max_steps=10))
    assert len(told.splitlines()) == 11
    assert "… 5,993 steps are left out; explain a value further back, or wrt= one." in told


# Formats and names

HOSTILE = "</script><img src=x onerror=alert(1)>\n$x^2$ \\evil{} %&#_~`"


def test_names_that_are_code_are_shown_and_never_run():
    x = Value(2.0, name=HOSTILE)
    y = x * x
    y.name = "y"
    told = mt.explain(y)
    page = told.to_html()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    markdown = told.to_markdown()
    assert "<img" not in markdown
    assert r"\evil" not in markdown
    for line in markdown.splitlines():
        assert line.replace(r"\$", "").count("$") % 2 == 0


def test_two_values_of_one_name_are_told_apart():
    x, other = Value(2.0, name="x"), Value(3.0, name="x")
    assert list(labels_of(viz.snapshot(x * other)).values()) == ["x", "x′2", "t1"]


def test_every_format_is_saved_by_its_suffix(tmp_path):
    v = mazur()
    told = mt.explain(v["E"], wrt=v["w5"])
    for suffix, start in [(".txt", "The derivative"), (".md", "## $"), (".tex", r"\subsection*"),
                          (".html", "<!DOCTYPE html>")]:  # fmt: skip
        saved = told.save(tmp_path / f"told{suffix}")
        assert saved.read_text(encoding="utf-8").startswith(start)
    with pytest.raises(ArgumentError) as error:
        told.save(tmp_path / "told.doc")
    assert str(error.value) == (
        "save: the suffix says how an explanation is written.\n"
        "  expected  .txt, .md, .tex, .html\n"
        "  got       '.doc'"
    )


def test_markdown_writes_local_derivatives_under_braces():
    told = mt.explain(mazur()["E"]).to_markdown()
    line = r"\underbrace{\mathit{out}_{o1} \cdot \left(1 - \mathit{out}_{o1}\right)}_{0.1868}"
    assert line in told


def test_short_rows_are_written_out_and_a_functions_brackets_are_enough():
    x, w = Value([0.5, -2.0], name="x"), Value([1.0, 3.0], name="w")
    told = mt.explain(mt.sigmoid(w @ x), gradients=False)
    assert str(told) == (
        "Forward pass\n   1. t1 = w @ x = −5.5\n   2. t2 = σ(t1) = σ(−5.5) = 0.0041"
    )
    assert r"\sigma\left(-5.5\right)" in told.to_latex()
    z = w * x
    assert "t1 = w·x = [0.5, −6]" in str(mt.explain(z))
    assert r"[0.5,\; -6]" in mt.explain(z).to_latex()
    assert "t1 = w·x = 2·(−3) = −6" in str(mt.explain(Value(2.0, name="w") * Value(-3.0, name="x")))
    assert "5 ‖2.2361‖" in str(mt.explain(Value(np.ones(5)) * 1.0))


def test_the_forward_pass_is_told_alone_without_gradients():
    for root in (mazur()["E"], Value(np.ones((2, 2)), name="W") @ np.ones(2)):
        both, forward = str(mt.explain(root)), str(mt.explain(root, gradients=False))
        assert both.startswith(forward)
        assert "Backward" not in forward
    assert "Backward" in str(mt.explain(mazur()["E"]))


# What is refused


def refusals():
    x = Value(2.0, name="x")
    array = Value([1.0, 2.0])
    return [
        (lambda: mt.explain(3.0),
         "snapshot: the output must be a Value.\n"
         "  expected  a Value, such as a loss\n  got       float"),
        (lambda: mt.explain(x * x, wrt=Value(1.0)),
         "explain: the output does not depend on that value.\n"
         "  expected  a Value of the graph that a gradient flows to\n"
         "  got       a Value outside of the graph"),
        (lambda: mt.paths(array.sum(), array),
         "paths: paths are of single numbers, and this graph has arrays.\n"
         "  mt.unroll(value) gives the graph of the numbers behind it."),
        (lambda: mt.nudge(array * 2),
         "nudge: the output must be one number.\n"
         "  expected  a Value of one entry, such as a loss\n"
         "  got       a Value of shape (2,)"),
        (lambda: mt.nudge(x * x, Value(1.0)),
         "nudge: the output does not depend on that value.\n"
         "  expected  a leaf of its graph that a gradient flows to\n"
         "  got       a Value outside of the graph"),
        (lambda: mt.what_if(x * x, {Value(1.0): 2.0}),
         "Only a leaf of the graph can be given other numbers.\n"
         "  expected  a Value that the output depends on, and that no call made\n"
         "  got       a Value of shape ()"),
        (lambda: mt.what_if(x * x, {x: [1.0, 2.0]}),
         "x: its new numbers must have its shape.\n"
         "  expected  shape ()\n  got       shape (2,)"),
        (lambda: mt.explain(x * x, wrt=x, gradients=False),
         "explain: wrt= asks for a gradient, and gradients=False for none.\n"
         "  expected  one of the two\n  got       both"),
        (lambda: mt.explain(x * x, fmt="pdf"),
         "explain: fmt is not one that is known.\n"
         "  expected  'text' or 'markdown' or 'latex' or 'html'\n  got       'pdf'"),
    ]  # fmt: skip


@pytest.mark.parametrize("place", range(len(refusals())))
def test_wrong_use_is_told_what_to_do(place):
    call, message = refusals()[place]
    with pytest.raises(ArgumentError) as error:
        call()
    assert str(error.value) == message


# A weight that has moved


@pytest.mark.parametrize("options", [{}, {"wrt": "w"}, {"gradients": False}], ids=str)
@pytest.mark.parametrize("start", [3.0, [3.0, 4.0]], ids=["numbers", "arrays"])
def test_a_graph_that_was_changed_since_is_not_told_with_its_new_numbers(start, options):
    w = Value(start, name="w")
    loss = ((w * 2.0 - 1.0) ** 2).sum()
    told = str(mt.explain(loss, **options))
    w.data -= 0.1
    with pytest.raises(StaleValueError) as error:
        mt.explain(loss, **options)
    assert str(error.value) == (
        "explain: w was changed after multiply had used it.\n"
        "  Its old numbers are gone, and what was computed with them cannot be told.\n"
        "  Run the forward pass again after an update, and explain that."
    )
    assert str(mt.explain(((w * 2.0 - 1.0) ** 2).sum(), **options)) != told


def test_paths_are_not_told_with_new_numbers_either():
    w = Value(3.0, name="w")
    loss = w * w
    w.data = 4.0
    with pytest.raises(StaleValueError, match=r"^paths: w was changed after multiply"):
        mt.paths(loss, w)


@pytest.mark.parametrize("h", [0, -0.1, "small", None, float("nan")])
def test_a_nudge_has_a_size(h):
    with pytest.raises(ArgumentError) as error:
        mt.nudge(Value(3.0) * 2.0, h=h)
    assert str(error.value) == (
        "nudge: h says by how much a number is moved.\n"
        "  expected  a number above 0, or 'auto'\n"
        f"  got       {h!r}"
    )
