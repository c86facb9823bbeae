"""Does every link inside the built site lead somewhere?  ``python docs/check_links.py [FOLDER]``

Pages, pictures, scripts and styles must be there, and so must the places on pages that links name.
Sphinx checks what it resolves itself; this looks at what readers get, hand-written HTML, indices
and the theme's own links included. Other hosts are not asked: the site is checked without network.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(__file__).parent / "_build/html"
LINKS = {"a": ("href",), "link": ("href",), "img": ("src",), "script": ("src",), "iframe": ("src",),
         "source": ("src",), "form": ("action",), "use": ("href", "xlink:href")}  # fmt: skip


class Page(HTMLParser):
    """What a page links to, with the lines, and the places on it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[int, str]] = []
        self.places: set[str] = {"", "top"}  # the page itself
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.places.add(value or "")
            elif name in LINKS.get(tag, ()) and value is not None:
                self.links.append((self.getpos()[0], value))


def broken(site: Path) -> list[str]:
    """Every link that leads nowhere, as ``page:line: link (why)``."""
    site = site.resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    return [
        f"{path.relative_to(site)}:{line}: {link} ({why})"
        for path, page in pages.items()
        for line, link in page.links
        if (why := _trouble(link, path, site, pages))
    ]


def _trouble(link: str, path: Path, site: Path, pages: dict[Path, Page]) -> str | None:
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return None if address.scheme != "file" else "a path of one machine"
    target = (path.parent / unquote(address.path)).resolve() if address.path else path
    if not target.is_relative_to(site):
        return "outside of the site"
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "no such file"
    if target in pages and unquote(address.fragment) not in pages[target].places:
        return "no such place on the page"
    return None


def main(folder: Path) -> int:
    pages = list(folder.rglob("*.html"))
    if not pages:
        print(f"{folder} holds no page: build the site first")
        return 1
    found = broken(folder)
    print(*found, sep="\n", end="\n" * bool(found))
    print(f"{len(found)} broken links on {len(pages)} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SITE))
