"""A graph of 70,000 numbers is a page that opens, opens further, and steps without waiting."""

import pytest
from shown import call, modular

import microtensor as mt
from microtensor import Value


@pytest.fixture(scope="module")
def large():
    page = mt.explore(modular((8, 16, 16, 1), samples=84))
    assert len(page.taken.nodes) > 70_000
    return page


def test_a_page_of_70_000_values_is_small_and_opens_soon(pages, large):
    assert len(large.html.encode()) < 4_000_000
    tab = pages.open(large)
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
