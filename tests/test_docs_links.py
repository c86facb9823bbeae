"""The checker of the site's links objects to each kind of link that leads nowhere."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))

import check_links

OTHER = '<h2 id="place">A place</h2><a name="old"></a>'


def site(folder, body):
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/page.html").write_text(f"<p>\n{body}</p>", encoding="utf-8")
    (folder / "other.html").write_text(OTHER, encoding="utf-8")
    (folder / "picture.svg").write_text("<svg/>", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "link",
    [
        '<a href="../other.html">', '<a href="../other.html#place">',
        '<a href="../other.html#old">', '<a href="#">', '<i id="here"><a href="#here">',
        '<a href="page.html">',
        '<img src="../picture.svg">', '<a href="https://example.org/nowhere">', '<a href="?q=x">',
        '<a href="mailto:a@example.org">',
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_is_right(tmp_path, link):
    assert check_links.broken(site(tmp_path / "site", link)) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ('<a href="gone.html">', "gone.html (no such file)"),
        ('<a href="../other.html#gone">', "../other.html#gone (no such place on the page)"),
        ('<a href="#gone">', "#gone (no such place on the page)"),
        ('<img src="../gone.svg">', "../gone.svg (no such file)"),
        ('<script src="gone.js">', "gone.js (no such file)"),
        ('<link href="gone.css">', "gone.css (no such file)"),
        ('<a href="../../outside.html">', "../../outside.html (outside of the site)"),
        ('<a href="file:///root/x.html">', "file:///root/x.html (a path of one machine)"),
    ],
)
def test_a_broken_link_is_told_with_its_page_and_line(tmp_path, link, why, capsys):
    folder = site(tmp_path / "site", link)
    assert check_links.broken(folder) == [f"inner/page.html:2: {why}"]
    assert check_links.main(folder) == 1
    assert "1 broken links on 2 pages" in capsys.readouterr().out


def test_a_site_that_was_not_built_is_no_success(tmp_path, capsys):
    assert check_links.main(tmp_path) == 1
    assert "build the site first" in capsys.readouterr().out
