"""How pages look and how they are read aloud: beside what was looked at, and listened to.

The files in ``golden/`` were looked at. ``python tests/browser/test_looks.py`` writes them anew.
Pictures are compared as means of blocks of eight by eight pixels, so that letters may be drawn in
other ways, but boxes, arrows and colours may not be elsewhere or others.
"""

import io
import pathlib
import tempfile

import matplotlib.image
import numpy as np
import pytest
from conftest import Pages, launched
from shown import modular, tensors

import microtensor as mt

GOLDEN = pathlib.Path(__file__).parent / "golden"
BLOCK = 8
VIEWS = {  # name: page, and how it is opened
    "light": (lambda: modular((2, 1)), {"color_scheme": "light"}),
    "dark": (lambda: modular((2, 1)), {"color_scheme": "dark"}),
    "forced": (lambda: modular((2, 1)), {"forced_colors": "active"}),
    "narrow": (lambda: modular((2, 1)), {"width": 320, "height": 640}),
    "zoomed": (lambda: modular((2, 1)), {"width": 640, "height": 380, "device_scale_factor": 2}),
    "arrays_light": (tensors, {"color_scheme": "light"}),
    "arrays_dark": (tensors, {"color_scheme": "dark"}),
}


def opened(pages, name):
    make, options = VIEWS[name]
    tab = pages.open(mt.explore(make()), reduced_motion="reduce", **options)
    tab.locator(".card").nth(2).dispatch_event("click")  # with the panel full
    tab.evaluate("() => document.activeElement.blur()")
    return tab


def small(tab):
    """Take a picture, as the mean colours of its blocks."""
    picture = matplotlib.image.imread(io.BytesIO(tab.screenshot()))[..., :3]
    rows, columns = (n // BLOCK for n in picture.shape[:2])
    blocks = picture[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3)
    return blocks.mean(axis=(1, 3))


def differences(a, b):
    """Tell how far two pictures are apart: on the mean, and where they differ the most."""
    if a.shape != b.shape:
        return 1.0, 1.0
    apart = np.abs(a - b).max(axis=2)
    return float(apart.mean()), float(np.quantile(apart, 0.995))


def alike(a, b):
    mean, most = differences(a, b)
    return mean < 0.005 and most < 0.1


def kept(name):
    return matplotlib.image.imread(GOLDEN / f"{name}.png")[..., :3]


def test_this_machine_has_letters_of_the_width_of_arials(pages):
    """Every width is measured with them: without, no picture could be the same."""
    tab = pages.open("<!doctype html><title>t</title>")
    width = tab.evaluate("""() => { const c = document.createElement("canvas").getContext("2d");
        c.font = '100px Arial, Helvetica, "Liberation Sans", sans-serif';
        return c.measureText("gradient 0.7071").width; }""")
    assert width == pytest.approx(695.0, abs=8), "apt-get install fonts-liberation"


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_looks_as_it_did_when_it_was_looked_at(pages, name):
    mean, most = differences(small(opened(pages, name)), kept(name))
    assert (mean < 0.005, most < 0.1) == (True, True), (mean, most)


def test_another_theme_a_box_elsewhere_and_another_colour_are_noticed(pages):
    assert not alike(kept("light"), kept("dark"))
    tab = opened(pages, "light")
    before = small(tab)
    assert alike(before, kept("light"))
    tab.evaluate("""() => { for (const r of document.querySelectorAll(".param .ground"))
        r.style.fill = "#cde"; }""")
    assert not alike(small(tab), kept("light"))
    tab = opened(pages, "light")
    tab.evaluate("""() => { for (const c of [...document.querySelectorAll(".card")].slice(-3))
        c.setAttribute("transform", c.getAttribute("transform").replace(/,.*/, ",10)")); }""")
    assert not alike(small(tab), kept("light"))


# Read aloud

STATES = ("expanded", "pressed", "disabled")
SILENT = {"StaticText", "InlineTextBox", "LineBreak", "generic", "none", "RootWebArea", "paragraph",
          "LabelText", "MenuListPopup"}  # fmt: skip


def read_aloud(tab):
    """Write Chromium's accessibility tree: role, name and states of all that is announced."""
    found = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {node["nodeId"]: node for node in found}
    lines = []
    waiting = [(found[0]["nodeId"], 0)]
    while waiting:
        id, depth = waiting.pop()
        node = nodes[id]
        role = node.get("role", {}).get("value", "")
        role = "disclosure" if role.startswith("Disclosure") else role  # as versions call it
        heard = not node["ignored"] and role not in SILENT
        if heard:
            states = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
            told = "".join(
                f" [{s}={states[s]}]".lower() for s in STATES if states.get(s) is not None
            )
            lines.append("  " * depth + f"{role} {node['name']['value']!r}{told}")
        children = [c for c in node.get("childIds", []) if c in nodes]
        waiting.extend((c, depth + heard) for c in reversed(children))
    return "\n".join(lines) + "\n"


def spoken(pages):
    tab = pages.open(mt.explore(modular((2, 1))), reduced_motion="reduce")
    tab.locator(".card").nth(2).dispatch_event("click")
    return tab


def test_a_page_is_read_aloud_as_it_was_when_it_was_listened_to(pages):
    assert read_aloud(spoken(pages)) == (GOLDEN / "read_aloud.txt").read_text(encoding="utf-8")


def test_a_box_without_a_name_is_noticed(pages):
    tab = spoken(pages)
    tab.evaluate("() => document.querySelector('.card').removeAttribute('aria-label')")
    assert read_aloud(tab) != (GOLDEN / "read_aloud.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    with launched() as browser, tempfile.TemporaryDirectory() as folder:
        pages = Pages(browser, pathlib.Path(folder))
        for name in VIEWS:
            matplotlib.image.imsave(GOLDEN / f"{name}.png", small(opened(pages, name)))
        (GOLDEN / "read_aloud.txt").write_text(read_aloud(spoken(pages)), encoding="utf-8")
