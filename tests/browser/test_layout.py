"""Where boxes and arrows stand: nothing overlaps, and no text leaves its box."""

import numpy as np
import pytest
from shown import call, modular, random_graph, tensors

import microtensor as mt
from microtensor import Value
from microtensor.lines import source_lines

# Everything below is in the picture's own coordinates, so zoom and window do not matter.
GEOMETRY = """() => {
  const place = g => { const [x, y] = g.getAttribute("transform").match(/-?[\\d.]+/g).map(Number);
    const r = g.querySelector(".ground"); return [x, y, +r.getAttribute("width"), +r.getAttribute("height")]; };
  const cards = [...document.querySelectorAll(".card")];
  const frames = [...document.querySelectorAll(".frame > rect")].map(r =>
    ["x", "y", "width", "height"].map(k => +r.getAttribute(k)));
  const boxes = cards.map(place);
  const overlaps = [], outside = [], crossed = [];
  const apart = (a, b) => a[0] + a[2] <= b[0] + .1 || b[0] + b[2] <= a[0] + .1 || a[1] + a[3] <= b[1] + .1 || b[1] + b[3] <= a[1] + .1;
  const within = (a, b) => a[0] >= b[0] - .1 && a[1] >= b[1] - .1 && a[0] + a[2] <= b[0] + b[2] + .1 && a[1] + a[3] <= b[1] + b[3] + .1;
  boxes.forEach((a, i) => boxes.forEach((b, j) => { if (i < j && !apart(a, b)) overlaps.push([i, j]); }));
  for (const f of frames) for (const b of boxes) if (!apart(f, b) && !within(b, f)) overlaps.push([f, b]);
  frames.forEach((f, i) => frames.forEach((g, j) => { if (i < j && !apart(f, g) && !within(g, f) && !within(f, g)) overlaps.push([f, g]); }));
  cards.forEach((card, i) => { for (const t of card.querySelectorAll("text")) { const r = t.getBBox();
    if (r.width && (r.x < -.5 || r.x + r.width > boxes[i][2] + .5 || r.y + r.height > boxes[i][3] + 1.5)) outside.push(t.textContent); } });
  for (const path of document.querySelectorAll(".arrow")) { const n = path.getTotalLength();
    const ends = [path.getPointAtLength(0), path.getPointAtLength(n)];
    const touches = b => ends.some(p => p.x > b[0] - 2.5 && p.x < b[0] + b[2] + 2.5 && p.y > b[1] - 2 && p.y < b[1] + b[3] + 2);
    for (let s = 0; s <= n; s += 4) { const p = path.getPointAtLength(s);
      boxes.forEach((b, i) => { if (!touches(b) && p.x > b[0] + 1 && p.x < b[0] + b[2] - 1 && p.y > b[1] + 1 && p.y < b[1] + b[3] - 1) crossed.push([i, path.getAttribute("d")]); }); } }
  return {overlaps, outside, crossed: [...new Set(crossed.map(String))], boxes};
}"""  # noqa: E501


def faults(tab):
    found = tab.evaluate(GEOMETRY)
    assert len(found["boxes"]) > 1
    return found["overlaps"], found["outside"], found["crossed"]


@pytest.mark.parametrize("seed", range(6))
def test_boxes_of_random_graphs_do_not_overlap(pages, seed):
    tab = pages.open(mt.explore(random_graph(seed)))
    assert faults(tab) == ([], [], [])


def test_boxes_stay_apart_when_modules_are_closed_and_opened(pages):
    tab = pages.open(mt.explore(modular((3, 4, 3, 1))))
    assert faults(tab) == ([], [], [])
    toggles = tab.evaluate("() => window.explorer.groups.map((g, i) => i).filter(i => i)")
    for k in toggles[:4]:
        tab.evaluate("k => window.explorer.toggle(window.explorer.groups[k])", k)
        assert faults(tab) == ([], [], [])
    for k in reversed(toggles[:4]):
        tab.evaluate("k => window.explorer.toggle(window.explorer.groups[k])", k)
    assert faults(tab) == ([], [], [])


def test_the_check_notices_an_overlap_and_a_text_outside(pages):
    tab = pages.open(mt.explore(random_graph(0)))
    tab.evaluate("""() => { const [a, b] = document.querySelectorAll(".card");
        b.setAttribute("transform", a.getAttribute("transform"));
        b.querySelector("text").setAttribute("x", 400); }""")
    overlaps, outside, _ = faults(tab)
    assert overlaps
    assert outside


def test_arrays_and_long_names_fit_their_boxes(pages):
    tab = pages.open(mt.explore(tensors()))
    assert faults(tab) == ([], [], [])
    a = Value(123456.789, name="a_name_that_is_much_too_long_for_any_box")
    b = Value(-1.23456e-7, name="WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW")
    tab = pages.open(mt.explore(a * b + a))
    assert faults(tab) == ([], [], [])


def test_the_layout_is_the_same_in_two_runs(pages):
    page = mt.explore(modular((3, 4, 3, 1)))
    first, second = (pages.open(page).evaluate(GEOMETRY)["boxes"] for _ in range(2))
    assert first == second


def test_opening_one_module_leaves_the_others_as_they_are(pages):
    tab = pages.open(mt.explore(modular((3, 4, 3, 1)), budget=8))
    before = call(tab, "visibleCount")
    open_modules = "() => window.explorer.groups.filter(g => g.up && g.open).length"
    was = tab.evaluate(open_modules)
    tab.locator(".card.module").first.click()
    assert call(tab, "visibleCount") > before
    assert tab.evaluate(open_modules) == was + 1


def test_a_loop_is_put_together_by_its_lines_and_its_way_back_is_seen(pages):
    with source_lines():
        w, y = Value(0.7, name="w"), Value(0.5, name="x")
        for _ in range(400):
            z = w * y + 0.1
            y = np.tanh(z)
    tab = pages.open(mt.explore(y))
    titles = tab.locator(".module-name").all_text_contents()
    assert [t.partition(" · ")[2] for t in titles] == ["z = w * y + 0.1", "y = np.tanh(z)"]
    assert faults(tab)[:2] == ([], [])
    back = tab.evaluate("""() => [...document.querySelectorAll(".arrow")].map(a => {
        const n = a.getTotalLength(), top = Math.min(...Array.from({length: 50}, (_, k) => a.getPointAtLength(n * k / 50).y));
        return [a.getPointAtLength(0).x > a.getPointAtLength(n).x, top]; }).filter(([b]) => b)""")  # noqa: E501
    highest = min(y for _, y, _, _ in tab.evaluate(GEOMETRY)["boxes"])
    assert len(back) == 1
    assert back[0][1] < highest  # over the boxes, not behind them
    tab.locator(".card.module").last.click()
    tab.locator(".card:not(.module)").last.dispatch_event("click")
    assert "y = np.tanh(z)" in tab.locator("#panel").inner_text()


def test_a_flat_graph_is_put_in_parts_that_fit_the_budget(pages):
    value = Value(1.0, name="x")
    for _ in range(700):
        value = value * 1.001
    tab = pages.open(mt.explore(value, budget=50))
    assert 1 < call(tab, "visibleCount") <= 50
    assert faults(tab) == ([], [], [])
