"""A graph of 70,000 numbers is a page that opens, opens further, and steps without waiting."""

import time

import numpy as np
import pytest
from shown import call, modular

import microtensor as mt
from microtensor import Value
from microtensor.errors import GraphTooLargeError


@pytest.fixture(scope="module")
def large():
    value = modular((8, 16, 16, 1), samples=84)
    start = time.process_time()
    page = mt.explore(value)
    took = time.process_time() - start
    assert len(page.taken.nodes) > 70_000
    return page, took


def test_a_page_of_70_000_values_is_small_and_opens_soon(pages, large):
    page, took = large
    assert took < 6  # twice of what is promised, for machines that are slow or have more to do
    assert len(page.html.encode()) < 4_000_000
    tab = pages.open(page)
    timing = tab.evaluate("() => performance.getEntriesByType('navigation')[0].domComplete")
    assert timing < 3_000
    assert 1 < call(tab, "visibleCount") <= 400
    took = tab.evaluate("""() => { const start = performance.now();
        window.explorer.toggle(window.explorer.groups.find(g => g.closed === g));
        return performance.now() - start; }""")
    assert took < 1_500
    steps = tab.evaluate("""() => Array.from({length: 9}, (_, k) => {
        const start = performance.now(); window.explorer.go(window.explorer.steps - 50 + k);
        return performance.now() - start; }).sort((a, b) => a - b)[4]""")
    assert steps < 100


def test_a_drawing_of_100_000_values_is_folded_or_refused_within_five_seconds():
    value, flat = modular((8, 16, 16, 1), samples=121), Value(0.5, name="x")
    for _ in range(100_000):
        flat = np.sin(flat)
    for draw in (lambda: mt.draw(value, depth=0), lambda: mt.draw(flat, depth=0)):
        start = time.process_time()
        assert 1 < len(draw().text.splitlines()) <= 1_500
        assert time.process_time() - start < 5
    for root in (value, flat):
        start = time.process_time()
        with pytest.raises(GraphTooLargeError, match="depth=0 draws modules"):
            mt.draw(root)
        assert time.process_time() - start < 5


def test_a_chain_of_a_million_steps_is_summarised():
    y = Value(0.5, name="x")
    for _ in range(1_000_000):
        y = y * 1.0
    told = mt.draw(y, depth=0).text.splitlines()
    assert len(told) == 26
    assert "calls 1 to 41,667" in told[0]
    assert told[-1].startswith("× t")
    for reader in (mt.draw, mt.explain, mt.explore):
        with pytest.raises(GraphTooLargeError):
            reader(y)


def test_opening_too_much_is_asked_about_first(pages):
    total = Value(0.0, name="x")
    for k in range(2_000):
        total = total + Value(float(k))
    tab = pages.open(mt.explore(total, budget=100))
    while not tab.locator("#guard").is_visible() and tab.locator("#more").is_enabled():
        before = call(tab, "visibleCount")
        tab.locator("#more").click()
        if call(tab, "visibleCount") == before:
            break
    assert tab.locator("#guard").is_visible()
    assert "too many to read" in tab.locator("#question").inner_text()
    before = call(tab, "visibleCount")
    tab.locator("#no").click()
    assert call(tab, "visibleCount") == before <= 1_500
    tab.locator("#more").click()
    tab.locator("#yes").click()
    assert call(tab, "visibleCount") > 1_500
