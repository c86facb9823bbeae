"""Every link inside the site leads somewhere, and every public name is on one page."""

import re

import check_links
import public_names
import pytest
from sphinx.util.inventory import InventoryFile


def test_no_link_of_the_site_is_broken(site):
    assert check_links.broken(site) == []
    assert len(list(site.rglob("*.html"))) > 150


def names_of(site):
    """The names that pages tell of, as other sites would find them, with their pages."""
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {
        name: item.uri
        for kind in ("py:class", "py:function", "py:exception", "py:data")
        for name, item in inventory.data.get(kind, {}).items()
    }


def test_every_public_name_has_its_entry(site):
    told = names_of(site)
    wanted = {entry.name for entry in public_names.public()}
    assert wanted - told.keys() == set()
    assert all(told[name].startswith("reference/") for name in wanted)


def test_no_public_name_has_two_entries(site):
    text = "\n".join(p.read_text(encoding="utf-8") for p in (site / "reference").glob("*.html"))
    places = re.findall(r'<dt class="sig sig-object py" id="([^"]+)"', text)
    assert len(places) > 400
    assert sorted({name for name in places if places.count(name) > 1}) == []


def test_the_build_left_nothing_unresolved(site):
    pages = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    marks = ('class="problematic"', 'class="system-message"', "{py:", "<h2>System Message")
    assert [(p.name, m) for p, text in pages.items() for m in marks if m in text] == []


@pytest.mark.parametrize(
    ("page", "name", "line"),
    [
        ("losses", "microtensor.losses.cross_entropy", "def cross_entropy("),
        ("value", "microtensor.Value", "class Value("),
        ("value", "microtensor.Value.at", "@property"),
        ("nn-module", "microtensor.nn.Module.after_forward", "def after_forward("),
        ("errors", "microtensor.errors.ShapeError", "class ShapeError("),
    ],
)
def test_an_entry_links_to_the_line_that_defines_it(site, page, name, line):
    text = (site / f"reference/{page}.html").read_text(encoding="utf-8")
    entry = text[text.index(f'id="{name}"') :]
    link = re.search(r'href="\.\./(source/[^"#]+)#(L-\d+)"', entry)
    source = (site / link[1]).read_text(encoding="utf-8")
    found = re.search(rf'<span id="{link[2]}">(.*?)</span>\n?<span id="L-', source, flags=re.S)
    assert line in re.sub("<[^>]*>", "", found[1])


def test_every_picture_says_what_it_shows_and_how_large_it_is(site):
    pages = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    pictures = [tag for text in pages.values() for tag in re.findall("<img [^>]*>", text)]
    assert len(pictures) > 60
    words = [re.search(r'alt="([^"]+)"', tag) for tag in pictures]
    assert all(found and not found[1].endswith((".svg", ".png")) for found in words)
    drawn = [tag for tag in pictures if '.svg"' in tag]
    assert [
        tag for tag in drawn if not re.search(r'height="\d+".*width|width="\d+".*height', tag)
    ] == []


def test_what_a_page_prints_below_itself_is_shown_once(site):
    text = (site / "read-your-backward-pass.html").read_text(encoding="utf-8")
    assert len(re.findall("value_and_grad_of_mazur: forward and backward", text)) == 1


def test_every_page_names_its_language_and_its_title(site):
    pages = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    assert [p.name for p, t in pages.items() if not re.search('<html[^>]* lang="en"', t)] == []
    assert [p.name for p, t in pages.items() if not re.search("<title>.+</title>", t)] == []
