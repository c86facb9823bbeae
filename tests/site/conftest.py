"""The built site, for tests that read it as a visitor does; it must be there, and be up to date.

python -m sphinx -W --keep-going -n -b html docs docs/_build/html
python -m pytest tests/site
"""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/browser"), str(ROOT / "docs"), str(ROOT / "docs/_ext")]

from launching import launched  # noqa: E402  # found by the path above

SITE = ROOT / "docs/_build/html"
BUILD = "python -m sphinx -W --keep-going -n -b html docs docs/_build/html"


@pytest.fixture(scope="session")
def site():
    """The folder of the built site."""
    index = SITE / "index.html"
    assert index.exists(), f"there is no site to look at: build it with\n  {BUILD}"
    written = [p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts]
    stale = [
        str(page.relative_to(ROOT))
        for page in written
        if (built := SITE / page.relative_to(ROOT / "docs").with_suffix(".html")).exists()
        and built.stat().st_mtime < page.stat().st_mtime
    ]
    assert stale == [], f"pages were changed after the site was built: build it with\n  {BUILD}"
    return SITE


@pytest.fixture(scope="session")
def chromium():
    with launched() as browser:
        yield browser
