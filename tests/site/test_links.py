"""Every link inside the site leads somewhere, and every public name is on one page."""

import re

import check_links
import public_names
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


def test_every_page_names_its_language_and_its_title(site):
    pages = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    assert [p.name for p, t in pages.items() if '<html class="no-js" lang="en"' not in t] == []
    assert [p.name for p, t in pages.items() if not re.search("<title>.+</title>", t)] == []
