"""One file that needs nothing: no network, no complaint, no text that becomes a program."""

import json

import numpy as np
import pytest
from shown import call, modular, random_graph, tensors

import microtensor as mt
from microtensor import Value

HOSTILE = [
    "</script><script>window.hurt=1</script>", '"><img src=x onerror="window.hurt=1">',
    "{|}", "${window.hurt=1}", "`+(window.hurt=1)+`", "⟦0⟧", "\u2028window.hurt=1\u2028",
    "😀😀", "שלום עולם", "a\u202eb", "<!--", "]]>", "\x00\x07", "x" * 5_000, "__proto__",
    "constructor", "&lt;b&gt;", "\\u003c", "'; window.hurt=1; '",
]  # fmt: skip


@pytest.mark.parametrize("make", [lambda: random_graph(1), modular, tensors])
def test_a_page_asks_for_nothing_and_complains_of_nothing(pages, make):
    tab = pages.open(mt.explore(make()))
    for key in ("Home", "ArrowRight", "End", "Escape", "+", "-", "0"):
        tab.keyboard.press(key)
    assert len(pages.requests) >= 1  # the file itself: the counting is awake
    assert tab.evaluate("() => performance.getEntriesByType('resource').length") == 0


def test_the_policy_refuses_programs_that_are_not_the_pages_own(pages):
    pages.expected = ()
    tab = pages.open(mt.explore(random_graph(1)))
    tab.evaluate("""() => { const s = document.createElement("script");
        s.textContent = "window.hurt = 1"; document.body.append(s); }""")
    assert tab.evaluate("() => window.hurt") is None
    assert any("Content Security Policy" in c for c in pages.complaints)
    pages.complaints.clear()


def test_hostile_names_are_shown_as_text_and_do_nothing(pages):
    values = [Value(0.1 * k + 0.1, name=name) for k, name in enumerate(HOSTILE)]
    total = values[0] * values[1]
    for v in values[2:]:
        total = np.tanh(total * v)
    total.name = HOSTILE[0]
    page = mt.explore(total, title=HOSTILE[1] + HOSTILE[0])
    tab = pages.open(page)
    assert tab.locator("h1").inner_text() == HOSTILE[1] + HOSTILE[0]
    labels = call(tab, "labels")
    for box in range(len(labels)):
        if tab.locator(f'[data-box="{box}"]').count():
            tab.locator(f'[data-box="{box}"]').dispatch_event("click")
    for key in ("Home", "ArrowRight", "End", "ArrowLeft", "Escape"):
        tab.keyboard.press(key)
    tab.locator("#search").fill("<img")
    assert tab.evaluate("() => window.hurt") is None
    assert tab.locator("img").count() == 0
    assert tab.evaluate("() => document.querySelectorAll('script').length") == 2
    assert HOSTILE[1] in labels
    assert any(label.startswith("x" * 4_000) for label in labels)
    widest = tab.evaluate("""() => Math.max(...[...document.querySelectorAll(".card .ground")]
        .map(g => g.getBBox().width))""")
    assert widest < 500


def test_hostile_modules_are_shown_as_text(pages):
    hostile = type("</script><b>", (mt.nn.Linear,), {})
    net = hostile(2, 2, rng=np.random.default_rng(0))
    tab = pages.open(mt.explore(net(np.ones((1, 2))).sum()))
    assert tab.locator("b:not(#panel b)").count() == 0
    assert "</script><b>" in tab.locator(".toggle text").first.text_content()


def test_two_pages_in_one_notebook_do_not_meet(pages):
    one, two = mt.explore(random_graph(1), title="one"), mt.explore(modular(), title="two")
    notebook = "<!doctype html><meta charset=utf-8><body>" + one._repr_html_() + two._repr_html_()
    tab = pages.open(notebook, height=1400)
    frames = [f for f in tab.frames if f.parent_frame is not None]
    for frame in frames:
        frame.wait_for_selector(".card")
    assert [f.locator("h1").inner_text() for f in frames] == ["one", "two"]
    frames[0].locator("#first").click()
    assert frames[0].locator("#place").inner_text().startswith("1 / ")
    assert frames[1].locator("#place").inner_text() == "all"


def saved(tab, kind):
    tab.locator("summary").click()
    with tab.expect_download() as download:
        tab.locator(f'[data-save="{kind}"]').click()
    return download.value


def test_a_saved_svg_is_a_picture_of_its_own(pages, tmp_path):
    tab = pages.open(mt.explore(random_graph(2), title="Saved <one>"))
    download = saved(tab, "svg")
    assert download.suggested_filename == "Saved-one.svg"
    download.save_as(tmp_path / "saved.svg")
    text = (tmp_path / "saved.svg").read_text()
    assert "class=" not in text
    assert "var(" not in text
    shown = pages.open(
        f'<!doctype html><title>t</title><img alt="" src="{(tmp_path / "saved.svg").as_uri()}">'
    )
    size = shown.evaluate("""async () => { const i = document.querySelector("img");
        await i.decode(); return [i.naturalWidth, i.naturalHeight]; }""")
    assert min(size) > 100


def test_a_saved_png_is_a_picture_and_not_a_blank(pages, tmp_path):
    tab = pages.open(mt.explore(random_graph(2)))
    saved(tab, "png").save_as(tmp_path / "saved.png")
    content = (tmp_path / "saved.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def test_saved_json_holds_the_numbers(pages, tmp_path):
    page = mt.explore(random_graph(2))
    tab = pages.open(page)
    saved(tab, "json").save_as(tmp_path / "saved.json")
    found = json.loads((tmp_path / "saved.json").read_text())
    assert [v["data"] for v in found["values"]] == [float(n.value) for n in page.taken.nodes]
    assert [v["grad"] for v in found["values"]] == [n.grad for n in page.taken.nodes]


def test_a_quiz_hides_the_gradients_checks_answers_and_hints(pages):
    w, x = Value(3.0, name="w"), Value(2.0, name="x")
    L = (w * x) ** 2
    L.name = "L"
    tab = pages.open(mt.quiz(L))
    assert tab.locator(".card .grad").all_text_contents().count("?") == 3
    assert "24" not in tab.locator("#panel").inner_text()
    tab.locator('[data-box="0"]').click()
    tab.locator("#answer").fill("23")
    tab.keyboard.press("Enter")
    assert "Not yet" in tab.locator(".verdict").inner_text()
    assert "∂L/∂w += ∂L/∂(w·x) × ∂(w·x)/∂w" in tab.locator("#hint").inner_text()
    assert "Find ∂L/∂(w·x) first" in tab.locator("#hint").inner_text()
    assert tab.locator(".card .grad").all_text_contents().count("?") == 3
    tab.locator("#answer").fill("24")
    tab.keyboard.press("Enter")
    assert "24" in tab.locator(".card .grad").all_text_contents()
    assert tab.locator(".card .grad").all_text_contents().count("?") == 2
    tab.keyboard.press("End")  # the steps do not tell either
    assert tab.locator(".card .grad").all_text_contents().count("?") == 2


def test_copied_latex_is_that_of_the_panel(pages):
    w, x = Value(3.0, name="w1"), Value(-2.0, name="x")
    L = np.tanh(w * x)
    L.name = "L"
    tab = pages.open(mt.explore(L), permissions=["clipboard-read", "clipboard-write"])
    tab.locator('[data-box="2"]').click()
    tab.locator("#latex").click()
    copied = tab.evaluate("() => navigator.clipboard.readText()")
    assert r"\frac{\partial L}{\partial w_{1}}" in copied
    assert r"$$w_{1}\cdot x = 3 \cdot \left(-2\right) = -6$$" in copied
