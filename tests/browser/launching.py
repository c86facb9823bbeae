"""How is the installed Chromium started? By the tests of the explorer and by those of the site."""

import contextlib
import shutil

from playwright.sync_api import sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run", "--disable-extensions",
]  # fmt: skip


@contextlib.contextmanager
def launched():
    """Launch the Chromium that is installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
