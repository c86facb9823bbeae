"""The page computes what Python computes, and goes through both passes as Python does."""

import math
import warnings

import numpy as np
import pytest
from shown import call, modular, random_graph, tensors, texts

import microtensor as mt
from microtensor import Value
from microtensor.viz import snapshot
from microtensor.viz.counterparts import helpers
from microtensor.viz.staging import labels_of, stages_of


def close(a, b):
    """Compare to 1e-12 of the size; not-a-number is one."""
    return np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)


def numbers(tab, which):
    return [math.nan if x is None else float(x) for x in call(tab, which)]


@pytest.mark.parametrize("seed", range(20))
def test_values_and_gradients_computed_in_the_page_are_pythons(pages, seed):
    value = random_graph(seed)
    page = mt.explore(value)
    assert '"twin":true' in page.html
    tab = pages.open(page)
    again = call(tab, "recomputed")
    nodes = page.taken.nodes
    assert close([np.float64(n.value) for n in nodes], [np.float64(x) for x in again["values"]])
    grads = [math.nan if n.grad is None else n.grad for n in nodes]
    assert close(grads, [math.nan if x is None else x for x in again["gradients"]])
    assert not close(grads, np.array(grads) + 1e-9)  # so it would notice
    derivatives = [math.nan if e.local is None else e.local for e in page.taken.edges]
    assert close(derivatives, numbers(tab, "locals"))


FUNCTIONS = {
    "gelu": mt.gelu, "gelu_tanh": lambda x: mt.gelu(x, approximate="tanh"), "mish": mt.mish,
    "hardtanh": mt.hardtanh, "hardtanh_ends": lambda x: mt.hardtanh(x, -0.4, 1.2),
    "clip": lambda x: np.clip(x, -0.5, 0.8), "clip_below": lambda x: np.clip(x, 0.1, None),
    "clip_by_values": lambda x: np.clip(x, x * x - 1, x + 0.5),
    "power": lambda x: (x * x + 0.1) ** x, "number_to_a_power": lambda x: 2.0 ** x,
    "zeroth_power": lambda x: x ** (x - x), "leaky": lambda x: mt.leaky_relu(x, 0.2),
    "prelu": lambda x: mt.prelu(x, Value(0.3)), "elu": lambda x: mt.elu(x, 1.3),
    "celu": lambda x: mt.celu(x, 0.7), "selu": mt.selu, "relu6": mt.relu6,
    "hardswish": mt.hardswish, "hardsigmoid": mt.hardsigmoid, "hardshrink": mt.hardshrink,
    "softshrink": mt.softshrink, "softsign": mt.softsign, "logsigmoid": mt.logsigmoid,
    "softplus": lambda x: mt.softplus(x, beta=2.0),
    "threshold": lambda x: mt.threshold(x, 0.5, 2.0),
    "fmax": lambda x: np.fmax(x, x * x), "fmin": lambda x: np.fmin(x, 0.3),
    "remainder": lambda x: x % 0.7, "fmod": lambda x: np.fmod(x, 0.7),
    "remainder_of": lambda x: 5.3 % (x * x + 0.5), "hypot": lambda x: np.hypot(x, 0.6),
    "rint": np.rint, "ceil": np.ceil, "trunc": np.trunc, "heaviside": lambda x: np.heaviside(x, x),
    "logaddexp": lambda x: np.logaddexp(x, 0.3), "degrees": np.degrees, "exp2": np.exp2,
    "mse": lambda x: mt.losses.mse(x, 0.3), "l1": lambda x: mt.losses.l1(x, 0.3),
    "huber": lambda x: mt.losses.huber(x, 0.3), "smooth_l1": lambda x: mt.losses.smooth_l1(x, 0.3),
    "bce": lambda x: mt.losses.binary_cross_entropy(mt.sigmoid(x), 1.0),
    "logits": lambda x: mt.losses.binary_cross_entropy_with_logits(x, 1.0),
    "mean": np.mean, "arctan2": lambda x: np.arctan2(x, 0.5),
    "where": lambda x: np.where(x > 0, x * x, -x),
}  # fmt: skip
POINTS = (-30.0, -3.7, -1.0, -0.5, -0.0, 0.3, 0.5, 1.0, 1.5, 2.6, 31.0)


def test_a_page_computes_every_function_as_python_does_where_its_number_is_edited(pages):
    """One page with one number per function, which is edited to both sides of every bend."""
    given = {name: Value(0.7, name=f"x_{name}") for name in FUNCTIONS}
    total = Value(0.0)
    for name, f in FUNCTIONS.items():
        y = f(given[name]) * 1.0
        y.name = f"y_{name}"
        total = total + y
    page = mt.explore(total, budget=5)  # few boxes are drawn again at each edit
    assert '"twin":true' in page.html
    tab = pages.open(page)
    place = {n.name: i for i, n in enumerate(page.taken.nodes)}
    for point in POINTS:
        for name in FUNCTIONS:
            call(tab, "edit", place[f"x_{name}"], point)
        values, grads = numbers(tab, "values"), numbers(tab, "gradients")
        for name, f in FUNCTIONS.items():
            x = Value(point)
            with np.errstate(all="ignore"):
                y = f(x) * 1.0
                y.backward()
            found = values[place[f"y_{name}"]], grads[place[f"x_{name}"]]
            assert close(found, (y.data, x.grad)), (name, point, found, (y.data, x.grad))


def test_the_error_function_of_the_page_is_pythons(pages):
    """To the last digits, everywhere, and at the ends."""
    points = [*np.linspace(-7, 7, 2001), 1e-300, -0.0, math.inf, -math.inf, math.nan, 1.5, -1.5]
    tab = pages.open("<!doctype html><title>erf</title>")
    for name, exact in (("erf", math.erf), ("erfc", math.erfc)):
        found = tab.evaluate(
            f"points => {{ const F = {helpers([f'F.{name}'])}; return points.map(F.{name}); }}",
            points,
        )
        assert np.allclose(
            found, [exact(x) for x in points], rtol=1e-15, atol=1e-15, equal_nan=True
        )
    beyond = [3.0, 5.0, 9.0, 20.0]  # far out, erfc keeps its digits
    found = tab.evaluate(
        f"p => {{ const F = {helpers(['F.erfc'])}; return p.map(F.erfc); }}", beyond
    )
    assert np.allclose(found, [math.erfc(x) for x in beyond], rtol=1e-13, atol=0)


def test_nan_and_infinity_are_computed_and_shown(pages):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = np.log(Value(-1.0, name="x")) + 1 / Value(0.0, name="z")
    tab = pages.open(mt.explore(y))
    assert math.isnan(call(tab, "recomputed")["values"][-1])
    shown = list(texts(tab).values())
    assert shown[-1][0] == "nan"
    assert {data for data, _ in shown} >= {"nan", "∞"}
    assert "−∞" in {grad for _, grad in shown}


def test_a_deep_chain_of_ten_thousand_calls_is_computed(pages):
    x = Value(0.5, name="x")
    y = x
    for k in range(5_000):
        y = y * 0.999 + 0.001 * (k % 3)
    page = mt.explore(y)
    tab = pages.open(page)
    again = call(tab, "recomputed")
    assert len(again["values"]) > 10_000
    assert close(again["values"], [n.value for n in page.taken.nodes])
    assert close(again["gradients"][0], page.taken.nodes[0].grad)


def test_names_are_those_of_explanations_and_pictures(pages):
    value = random_graph(3)
    page = mt.explore(value)
    tab = pages.open(page)
    told = labels_of(page.taken)
    for node, label in zip(page.taken.nodes, call(tab, "labels"), strict=True):
        assert label in (told[node.id], node.expression)


def test_stepping_shows_what_was_computed_so_far_and_no_more(pages):
    value = modular()
    page = mt.explore(value)
    taken = page.taken
    tab = pages.open(page)
    place = {node.id: str(i) for i, node in enumerate(taken.nodes)}
    known = {place[n.id] for n in taken.nodes if n.op is None}
    # the stages, put together by the call whose step they belong to
    steps, previous = [], None
    for stage in stages_of(taken):
        owner = (stage.direction, (stage.of or stage.node).id)
        if owner != previous:
            steps.append([])
        steps[-1].append(stage)
        previous = owner
    assert tab.evaluate("() => window.explorer.steps") == len(steps)
    sums = {}
    for k, step in enumerate(steps):
        call(tab, "go", k)
        for stage in step:
            if stage.direction == "forward":
                known.add(place[stage.node.id])
            else:
                sums[place[stage.node.id]] = stage.after
        if k % 5 and k < len(steps) - 1:
            continue
        for id, (data, grad) in texts(tab).items():
            assert (data != "·") == (id in known), (k, id)
            if taken.nodes[int(id)].grad is None:
                continue
            shown = call(tab, "shownGrad", int(id))
            expected = sums.get(id)
            assert (shown is None) == (expected is None) == (grad == "·"), (k, id)
            assert shown is None or close(shown, expected)


def test_the_last_step_shows_what_show_all_shows(pages):
    tab = pages.open(mt.explore(random_graph(5)))
    everything = texts(tab)
    tab.keyboard.press("End")
    assert texts(tab) == everything
    tab.keyboard.press("Home")
    assert texts(tab) != everything
    tab.keyboard.press("Escape")
    assert texts(tab) == everything


def test_home_end_and_the_slider_agree(pages):
    tab = pages.open(mt.explore(random_graph(6)))
    tab.keyboard.press("Home")
    first = texts(tab)
    tab.locator("#slider").fill("0")
    assert texts(tab) == first
    tab.locator("#slider").fill("7")
    seventh = texts(tab)
    tab.keyboard.press("Home")
    for _ in range(7):
        tab.locator("#next").click()
    assert texts(tab) == seventh
    assert tab.locator("#place").inner_text().startswith("8 / ")


def test_an_edited_leaf_changes_everything_and_editing_it_back_restores_it(pages):
    x, w = Value(0.5, name="x"), Value(-1.2, name="w")
    L = np.tanh(x * w + 0.3) ** 2
    L.name = "L"
    tab = pages.open(mt.explore(L))
    before = (numbers(tab, "values"), numbers(tab, "gradients"), texts(tab))
    tab.locator('[data-box="1"]').click()
    tab.locator("#number").fill("-1.1")
    again = np.tanh(Value(0.5) * (v := Value(-1.1)) + 0.3) ** 2
    again.backward()
    assert close(numbers(tab, "values")[-1], again.data)
    assert close(numbers(tab, "gradients")[1], v.grad)
    moved = again.data - before[0][-1]
    assert moved == pytest.approx(0.1 * before[1][1], rel=0.3)
    assert tab.locator("#number").evaluate("e => e === document.activeElement")
    tab.locator("#number").fill("-1.2")
    assert (numbers(tab, "values"), numbers(tab, "gradients"), texts(tab)) == before


def test_the_nudge_test_and_the_paths_are_told(pages):
    x = Value(3.0, name="x")
    y = x * x + x
    y.name = "y"
    tab = pages.open(mt.explore(y))
    tab.locator('[data-box="0"]').click()
    told = tab.locator("#panel").inner_text()
    assert "✓ agrees" in told
    assert "SUM OVER PATHS (3)" in told
    assert "∂y/∂x = 1 + 3 + 3 = 7" in told


def test_the_number_of_paths_is_exact_where_it_is_large(pages):
    y = x = Value(1.0, name="x")
    for _ in range(80):
        y = y + y
    tab = pages.open(mt.explore(y / 2.0**80))
    tab.locator('[data-box="0"]').click()
    assert f"({2**80:,})" in tab.locator("#panel").inner_text()
    assert str(mt.paths(y, x).count) == str(2**80)


def test_what_the_page_cannot_compute_it_shows_and_says_so(pages):
    x = Value(0.5, name="x")
    page = mt.explore(np.sinc(x) * 2.0)
    tab = pages.open(page)
    tab.locator('[data-box="0"]').click()
    assert tab.locator("#number").count() == 0
    assert "functions that this page does not compute" in tab.locator("#panel").inner_text()
    grads = [math.nan if n.grad is None else n.grad for n in page.taken.nodes]
    assert close(numbers(tab, "gradients"), grads)
    tab.keyboard.press("Escape")
    tab.keyboard.press("Home")
    assert "·" in {data for data, _ in texts(tab).values()}


def test_a_formula_of_the_panel_holds_for_every_number(pages):
    """Of x**w and of clip: what is so at these numbers only is not told."""
    x, w = Value(0.3, name="x"), Value(0.7, name="w")
    y = np.clip(x**w, 0.0, 2.0)
    y.name = "y"
    tab = pages.open(mt.explore(y))
    tab.locator('[data-box="2"]').click()
    told = tab.locator("#panel").inner_text()
    assert "w·x^(w − 1)" in told
    assert "·ln(x)" in told
    tab.locator('[data-box="5"]').click()
    assert "≥ 0" in tab.locator("#panel").inner_text()


def test_arrays_are_heat_maps_whose_cells_can_be_read(pages):
    loss = tensors()
    page = mt.explore(loss)
    tab = pages.open(page)
    x = next(i for i, n in enumerate(page.taken.nodes) if n.name == "x")
    tab.locator(f'[data-box="{x}"]').click()
    panel = tab.locator("#panel")
    assert "5×3 f64" in panel.inner_text()
    frame = panel.locator(".bigmap").first
    frame.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        tab.keyboard.press(key)
    expected = page.taken.nodes[x].value[2, 1]
    assert panel.locator(".reading").first.inner_text() == (
        f"[2, 1] = {expected:.6f}".rstrip("0").replace("-", "−")
    )
    assert panel.locator(".bars").count() == 2
    assert "mt.unroll(value) gives the graph of their numbers" in panel.inner_text()


def test_a_snapshot_of_general_formulas_has_the_numbers_of_a_plain_one():
    value = random_graph(8)
    general, plain = snapshot(value, formulas="general"), snapshot(value)
    assert [n.value for n in general.nodes] == [n.value for n in plain.nodes]
    assert [e.local for e in general.edges] == [e.local for e in plain.edges]
