"""A real Chromium for the tests of pages; what it is needed for and lacks is a failure."""

from pathlib import Path

import pytest
from launching import launched


@pytest.fixture(scope="session")
def chromium():
    with launched() as browser:
        yield browser


class Pages:
    """Opens pages, and remembers what they ask the network for and complain of."""

    def __init__(self, browser, folder):
        self.browser, self.folder = browser, folder
        self.requests, self.complaints, self.contexts = [], [], []

    def open(self, page, *, width=1280, height=760, **context):
        """Open an Explorer, or a text of HTML, from a file."""
        path = self.folder / f"{len(self.contexts)}.html"
        if isinstance(page, str):
            path.write_text(page, encoding="utf-8")
        else:
            page.save(path)
        return self.visit(path, width=width, height=height, **context)

    def visit(self, path: Path, *, width=1280, height=760, **context):
        viewport = {"width": width, "height": height}
        self.contexts.append(self.browser.new_context(viewport=viewport, **context))
        tab = self.contexts[-1].new_page()
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.goto(path.as_uri())
        return tab

    def from_network(self):
        return [
            url
            for url in self.requests
            if not url.startswith(("file:", "data:", "blob:", "about:"))
        ]


@pytest.fixture
def pages(chromium, tmp_path):
    """Give pages that are checked when a test ends: no request, and no complaint."""
    opened = Pages(chromium, tmp_path)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.from_network() == []
    assert [c for c in opened.complaints if c not in getattr(opened, "expected", ())] == []
