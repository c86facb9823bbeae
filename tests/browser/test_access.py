"""For everyone: by keyboard alone, by ear, in the dark, on a small screen."""

import re
from importlib import resources

import numpy as np
import pytest
from shown import call, modular, random_graph, tensors, texts

import microtensor as mt
from microtensor import Value

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(tab):
    """Ask axe-core for what is a serious or a critical hindrance."""
    tab.evaluate(AXE + "; undefined")
    found = tab.evaluate("async () => (await axe.run()).violations")
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    return [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in serious]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [lambda: random_graph(4), modular, tensors])
def test_axe_finds_nothing_serious(pages, make, scheme):
    tab = pages.open(mt.explore(make()), color_scheme=scheme)
    assert violations(tab) == []
    tab.locator(".card").first.click()
    assert violations(tab) == []
    tab.keyboard.press("Escape")
    tab.keyboard.press("End")
    tab.keyboard.press("ArrowLeft")
    assert violations(tab) == []


def test_axe_is_awake(pages):
    tab = pages.open(mt.explore(random_graph(4)))
    tab.evaluate("() => document.getElementById('search').closest('label').replaceWith("
                 "document.getElementById('search'))")  # fmt: skip
    tab.evaluate("() => { document.getElementById('search').placeholder = ''; }")
    assert [id for id, _ in violations(tab)] == ["label"]


def test_a_quiz_is_accessible_too(pages):
    tab = pages.open(mt.quiz(random_graph(4)))
    tab.locator(".card").first.dispatch_event("click")  # it may lie outside
    assert violations(tab) == []


def test_boxes_are_named_buttons_in_topological_order(pages):
    w, x = Value(-3.0, name="w1"), Value(2.0, name="x1")
    L = w * x + 1.0
    L.name = "L"
    tab = pages.open(mt.explore(L))
    buttons = tab.locator("#world").get_by_role("button")
    assert [b.get_attribute("aria-label") for b in buttons.all()] == [
        "param w1, data −3, gradient 2",
        "input x1, data 2, gradient −3",
        "× w1·x1, data −6, gradient 1",
        "const 1, data 1",
        "+ L loss, data −5, gradient 1",
    ]


def test_the_accessibility_tree_has_every_region(pages):
    tab = pages.open(mt.explore(modular()))
    tree = tab.locator("body").aria_snapshot()
    for line in ("banner", "main", "complementary", "contentinfo", "heading", "slider", "search"):
        assert line in tree, line
    assert re.search(r'button "close .*" \[expanded\]', tree)


def test_everything_is_done_by_keyboard(pages):
    tab = pages.open(mt.explore(modular()))
    focused = lambda: tab.evaluate("() => document.activeElement.dataset.box")
    reached = []
    for _ in range(120):
        tab.keyboard.press("Tab")
        box = focused()
        if box is not None:
            reached.append(box)
        elif reached:
            break  # out at the other side: no trap
    assert set(reached) >= set(texts(tab))
    # open a box
    tab.locator(".card").nth(2).focus()
    here = focused()
    tab.keyboard.press("Enter")
    assert "ITS OWN GRADIENT" in tab.locator("#panel").inner_text()
    assert focused() == here
    # step: the focus stays
    tab.keyboard.press("ArrowRight")
    assert focused() == here
    assert tab.locator("#live").inner_text() != ""
    # close a module, and open it again
    toggle = tab.locator(".toggle").last
    toggle.focus()
    module = focused()
    tab.keyboard.press("Enter")
    assert tab.locator(f'.card[data-box="{module}"]').get_attribute("aria-expanded") == "false"
    assert focused() == module
    tab.keyboard.press("Enter")
    assert tab.locator(f'.toggle[data-box="{module}"]').get_attribute("aria-expanded") == "true"
    assert focused() == module
    # search, and go to what was found
    tab.keyboard.press("/")
    tab.keyboard.type("tanh")
    assert re.fullmatch(r"\d+ found", tab.locator("#hits").inner_text())
    assert tab.locator(".card.hit").count() > 0
    tab.keyboard.press("Enter")
    assert "tanh" in tab.evaluate("() => document.activeElement.getAttribute('aria-label')")


def test_searching_rings_closed_modules_with_hits_inside(pages):
    tab = pages.open(mt.explore(modular(), budget=3))
    tab.locator("#search").fill("tanh")
    assert tab.locator("#hits").inner_text() == "6 found"
    assert tab.locator(".card.module.hit").count() >= 1


@pytest.mark.parametrize(
    "colors",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced"],
)
def test_every_text_keeps_its_contrast(pages, colors):
    """4.5:1 at least, computed from the colours that the browser shows."""
    tab = pages.open(mt.explore(modular()), **colors)
    worst = tab.evaluate("""() => {
      const light = c => { const f = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
      const rgb = s => s.match(/[\\d.]+/g).slice(0, 3).map(Number);
      let worst = 99;
      for (const card of document.querySelectorAll(".card")) for (const t of card.querySelectorAll("text")) {
        const pill = t.classList.contains("grad") && card.querySelector(".pill");
        const ground = pill || card.querySelector(".ground");
        const [a, b] = [light(rgb(getComputedStyle(t).fill)), light(rgb(getComputedStyle(ground).fill))].sort((p, q) => q - p);
        worst = Math.min(worst, (a + .05) / (b + .05));
      }
      return worst; }""")  # noqa: E501
    assert 4.5 <= worst < 99


def test_the_theme_follows_the_system_until_it_is_switched(pages):
    page = mt.explore(random_graph(4))
    ground = "() => getComputedStyle(document.body).backgroundColor"
    tab = pages.open(page, color_scheme="dark")
    assert tab.evaluate(ground) == "rgb(13, 18, 24)"
    tab.locator("#theme").click()
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    tab = pages.open(mt.explore(random_graph(4), theme="dark"), color_scheme="light")
    assert tab.evaluate(ground) == "rgb(13, 18, 24)"


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 380)])
def test_a_small_screen_and_a_large_zoom_lose_nothing(pages, width, height):
    """640×380 is what a window of 1280×760 has at a zoom of 200 %."""
    tab = pages.open(mt.explore(modular()), width=width, height=height)
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
    for id in ("search", "more", "colour", "quiz", "theme", "next", "slider", "all", "fit"):
        box = tab.locator(f"#{id}").bounding_box()
        assert box["x"] >= 0, id
        assert box["x"] + box["width"] <= width + 0.5, id
    tab.locator("#next").click()
    assert tab.locator("#place").inner_text().startswith("1 / ")
    assert tab.locator("#panel h2").is_visible()


def test_nothing_moves_where_motion_is_not_wanted(pages):
    tab = pages.open(mt.explore(random_graph(4)), reduced_motion="reduce")
    tab.keyboard.press("End")
    for _ in range(3):
        tab.keyboard.press("ArrowLeft")
    moving = "() => document.getAnimations().filter(a => a.playState === 'running').length"
    assert tab.evaluate(moving) == 0
    tab.emulate_media(reduced_motion="no-preference")
    assert tab.evaluate(moving) > 0


def test_forced_colours_keep_every_box_in_sight(pages):
    tab = pages.open(mt.explore(random_graph(4)), forced_colors="active")
    assert tab.evaluate("""() => [...document.querySelectorAll(".ground")].every(g => {
        const s = getComputedStyle(g); return s.fill !== s.stroke && s.stroke !== "none"; })""")


def test_the_readers_own_colours_are_shown_first_and_told(pages):
    w, x = Value(3.0, name="w1"), Value(2.0, name="x1")
    y = np.tanh(w * x)
    tab = pages.open(mt.explore(y, colors={w: 1.0, x: -0.5, y: "the answer"}))
    assert tab.locator("#colour").input_value() == "yours"
    fill = lambda box: tab.locator(f'[data-box="{box}"] .ground').evaluate("g => g.style.fill")
    assert [fill(box) for box in range(4)] == [
        "rgb(27, 120, 55)", "rgb(194, 165, 207)", "", "rgb(0, 114, 178)",
    ]  # fmt: skip
    halo = tab.locator('[data-box="0"] text').first.evaluate("t => getComputedStyle(t).paintOrder")
    assert halo.startswith("stroke")
    tab.locator('[data-box="3"]').click()
    assert "yours: the answer" in tab.locator("#panel").inner_text()
    tab.locator("#colour").select_option("gradient")
    assert fill(0) == ""


def test_indices_are_lowered_and_words_are_not_bold(pages):
    tab = pages.open(mt.explore(np.tanh(Value(3.0, name="w_1") * Value(2.0, name="x"))))
    name = tab.locator('[data-box="0"] text').first
    assert name.text_content() == "w1"
    assert name.locator("tspan").last.get_attribute("dy") == "3"
    weight = "t => getComputedStyle(t).fontWeight"
    assert tab.locator('[data-box="2"] text.muted').first.evaluate(weight) == "400"
    assert tab.locator('[data-box="2"] tspan.op').evaluate(weight) == "700"


def test_colours_can_be_chosen(pages):
    tab = pages.open(mt.explore(modular()))
    fills = "() => new Set([...document.querySelectorAll('.ground')].map(g => g.style.fill)).size"
    for choice, least in (("value", 3), ("module", 2), ("gradient", 1), ("role", 1), ("health", 1)):
        tab.locator("#colour").select_option(choice)
        assert tab.evaluate(fills) >= least, choice
    assert call(tab, "visibleCount") > 0
