"""Two pages in one notebook, as nbconvert writes it: each in its frame, neither in the other."""

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from shown import modular, random_graph

import microtensor as mt


def notebook(*shown):
    """Make a notebook whose cells showed these, as a kernel does: by their bundles."""
    cells = []
    for k, thing in enumerate(shown, 1):
        bundle = thing._repr_mimebundle_()
        result = new_output("execute_result", bundle, execution_count=k)
        cells.append(new_code_cell(f"mt.explore(loss{k})", execution_count=k, outputs=[result]))
    language = {"name": "python", "pygments_lexer": "python3"}
    made = new_notebook(cells=cells, metadata={"language_info": language})
    nbformat.validate(made)
    return made


@pytest.fixture
def tab(pages):
    """The notebook, converted, and opened; its cells alone, as its page's head asks the network."""
    made = notebook(
        mt.explore(random_graph(1), title="one"), mt.quiz(modular(), title="two"),
        mt.draw(random_graph(2, calls=5)),
    )  # fmt: skip
    cells, _ = HTMLExporter(template_name="basic").from_notebook_node(made)
    tab = pages.open(
        f"<!doctype html><meta charset=utf-8><title>notebook</title>{cells}", height=2000
    )
    for frame in tab.frames[1:]:
        frame.wait_for_selector(".card")
    return tab


def test_both_pages_are_there_and_a_drawing_beside_them(tab):
    assert [f.locator("h1").inner_text() for f in tab.frames[1:]] == ["one", "two"]
    assert tab.locator("iframe").count() == 2
    drawing = tab.locator('img[src^="data:image/svg+xml"]')
    assert drawing.evaluate("i => i.decode().then(() => i.naturalWidth)") > 300
    titles = tab.locator("iframe").evaluate_all("frames => frames.map(f => f.title)")
    assert titles == ["one", "two"]


def test_what_is_done_in_one_changes_nothing_in_the_other(tab):
    one, two = tab.frames[1:]
    before = two.locator("#world").inner_html()
    one.locator("#next").click()
    one.locator("#theme").click()
    one.locator("#less").evaluate("b => b.click()")
    assert one.locator("#place").inner_text().startswith("1 / ")
    assert two.locator("#place").inner_text() == "all"
    assert two.locator("#world").inner_html() == before
    assert "?" in two.locator(".card .grad").all_text_contents()
    assert "?" not in one.locator(".card .grad").all_text_contents()


def test_keys_go_to_the_page_that_has_the_focus(tab):
    one, two = tab.frames[1:]
    two.locator(".card").first.focus()
    tab.keyboard.press("End")
    assert one.locator("#place").inner_text() == "all"
    assert two.locator("#place").inner_text().endswith("backward")


def test_a_page_cannot_reach_the_notebook(tab):
    one = tab.frames[1]
    with pytest.raises(Exception, match=r"cross-origin|Blocked a frame"):
        one.evaluate("() => window.parent.document.title")
    assert one.evaluate("() => window.origin") == "null"
