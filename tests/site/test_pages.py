"""Every page of the site, in a real Chromium: wide and narrow, light and dark, offline.

A page is opened from the disk. It asks nobody else for anything, complains of nothing, is not wider
than the screen, and axe-core finds no serious or critical hindrance on it.
"""

from importlib import resources
from urllib.parse import urlsplit

import pytest

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
ASK = """async ([leftOut, rules]) => (await axe.run({ exclude: leftOut }, {
    resultTypes: ["violations"], iframes: false, preload: false,
    ...(rules ? { runOnly: { type: "rule", values: rules } } : {}),
})).violations"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visit:
    """A tab that remembers what its pages ask for, and what they complain of."""

    def __init__(self, browser, site, *, width=1280, **context):
        viewport = {"width": width, "height": 800}
        self.site, self.context = site, browser.new_context(viewport=viewport, **context)
        self.tab = self.context.new_page()
        self.troubles = []
        self.tab.on("request", self._asked)
        self.tab.on("console", lambda message: self.troubles.append(message.text))
        self.tab.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _asked(self, request):
        address = urlsplit(request.url)
        if address.scheme in ("data", "blob", "about"):
            return
        if address.scheme != "file" or not address.path.startswith(str(self.site)):
            self.troubles.append(f"asks for {request.url}")

    def open(self, page):
        self.tab.goto(page.as_uri())
        return self.tab

    def hindrances(self, left_out=(), rules=None):
        """What axe-core says of the page that is open, if it is serious or critical."""
        self.tab.evaluate(AXE + "; undefined")
        told = self.tab.evaluate(ASK, [[[place] for place in left_out], rules])
        found = [v for v in told if v["impact"] in ("serious", "critical")]
        return [f"{v['id']}: {[n['html'][:100] for n in v['nodes'][:2]]}" for v in found]

    def taken(self):
        """What the page that is open was in trouble with."""
        found, self.troubles = self.troubles, []
        return found


@pytest.fixture
def visit(chromium, site):
    visits = []

    def begin(**options):
        visits.append(Visit(chromium, site, **options))
        return visits[-1]

    yield begin
    for one in visits:
        one.context.close()


def pages_of(site):
    return sorted(p for p in site.rglob("*.html") if "_static" not in p.parts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_is_whole(visit, site, width, scheme):
    one, found = visit(width=width, color_scheme=scheme), {}
    for page in pages_of(site):
        tab = one.open(page)
        troubles = one.taken()
        if (over := tab.evaluate(WIDER)) > 0:
            troubles.append(f"{over} px wider than the screen")
        if troubles:
            found[name_of(page, site)] = troubles
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(visit, site, scheme):
    """In the dark colours differ, and nothing else does: only their contrast is asked for.

    What pages share is looked at once for each kind of page: the list of pages, code, signatures.
    Pages of the source hold nothing but code, so one of them is looked at.
    """
    one, found, shared = visit(color_scheme=scheme), {}, set()
    rules = ["color-contrast"] if scheme == "dark" else None
    for page in pages_of(site):
        kind = name_of(page, site).split("/")[0]
        if kind == "source" and kind in shared:
            continue
        left_out = (".sidebar-drawer", ".highlight", ".sig") if kind in shared else ()
        shared.add(kind)
        one.open(page)
        if troubles := one.hindrances(left_out, rules):
            found[name_of(page, site)] = troubles
    assert found == {}


def test_axe_finds_nothing_serious_on_a_phone(visit, site):
    one = visit(width=360)
    for name in ("index", "course/01-a-neuron", "reference/losses", "pictures", "search"):
        one.open(site / f"{name}.html")
        assert one.hindrances() == []


def name_of(page, site):
    return page.relative_to(site).as_posix()


WRONG = """<!doctype html><html lang="en"><title>wrong</title><body>
<img src="https://example.org/x.png" width="9"><p style="color:#ccc;background:#fff">grey</p>
<div style="width:3000px">wide</div><script>console.error("oh")</script>"""


def test_a_page_with_everything_wrong_is_noticed(visit, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text(WRONG, encoding="utf-8")
    one = visit(offline=True)
    tab = one.open(page)
    troubles = one.taken()
    assert "asks for https://example.org/x.png" in troubles
    assert "oh" in troubles
    assert tab.evaluate(WIDER) > 1000
    rules = {line.split(":")[0] for line in one.hindrances()}
    assert {"color-contrast", "image-alt"} <= rules


def test_a_search_finds_a_word_and_leads_to_its_page(visit, site):
    one = visit(offline=True)
    tab = one.open(site / "index.html")
    tab.get_by_role("textbox", name="Search").first.fill("momentum")
    tab.keyboard.press("Enter")
    results = tab.locator("ul.search li a")
    results.first.wait_for()
    links = results.evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert any(link.startswith("course/07-gradient-descent.html") for link in links)
    assert any(link.startswith("reference/optim.html") for link in links)
    tab.goto((site / "search.html").as_uri() + "?q=zyxwvut")
    tab.get_by_text("did not match any documents").wait_for()
    assert one.taken() == []


def test_the_first_key_offers_to_skip_to_the_text(visit, site):
    tab = visit().open(site / "course/index.html")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#furo-main-content"


OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


def test_the_keyboard_is_seen_where_it_is(visit, site):
    tab = visit().open(site / "index.html")
    unseen = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement === document.body"):
            break
        if tab.evaluate(OUTLINE) == "none":
            unseen.append(tab.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
    assert unseen == []


def test_what_is_wider_than_a_phone_scrolls_by_keyboard(visit, site):
    tab = visit(width=360).open(site / "pictures.html")
    picture = tab.locator(".scrolls").first
    assert picture.evaluate("box => box.scrollWidth > box.clientWidth")
    assert picture.get_attribute("tabindex") == "0"
    picture.focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.mark.parametrize("system", ["light", "dark"])
def test_pictures_follow_the_pages_theme_and_not_the_systems(visit, site, system):
    tab = visit(color_scheme=system).open(site / "pictures.html")
    picture = tab.locator("img.picture").first
    grounds = {}
    for theme in ("light", "dark"):
        tab.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
        shot = picture.screenshot(scale="css")
        grounds[theme] = tab.evaluate(BRIGHTNESS, list(shot))
    assert grounds["light"] > 240
    assert grounds["dark"] < 40


# the mean of the left upper corner's pixels, of a PNG
BRIGHTNESS = """async bytes => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = new OffscreenCanvas(4, 4), paper = canvas.getContext("2d");
    paper.drawImage(picture, 0, 0);
    const { data } = paper.getImageData(1, 1, 2, 2);
    return data.filter((_, k) => k % 4 < 3).reduce((a, b) => a + b) / 12;
}"""


def test_explorers_follow_the_pages_theme(visit, site):
    tab = visit(color_scheme="dark").open(site / "course/05-the-backward-pass.html")
    assert len(tab.frames) > 1
    for theme in ("light", "dark", "light"):
        tab.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
        for frame in tab.frames[1:]:
            frame.wait_for_function(
                "theme => document.documentElement.dataset.theme === theme", arg=theme
            )
