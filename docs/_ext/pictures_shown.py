"""Pictures in pages: they scroll where they would be too small to read, and say what they show.

An SVG of this library follows the page's light or dark theme, as the images of a page with a
``color-scheme`` do. What has no colours for the dark is turned around there, its hues kept.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

IMAGE = re.compile(r"<img ([^>]*)/?>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
OPENING = re.compile(r"<svg\s[^>]*>")
PIXELS = {"pt": 4 / 3, "px": 1.0, "": 1.0}
SMALLEST = 0.7  # of its size: below, a picture's words cannot be read


def own_size(path: Path) -> tuple[float, float] | None:
    """A picture's own width and height in pixels, if it is an SVG that has them."""
    if path.suffix != ".svg":
        return None
    tag = OPENING.search(path.read_text(encoding="utf-8"))
    found = dict(re.findall(r'\s(width|height)="([\d.]+(?:pt|px)?)"', tag[0] if tag else ""))
    if len(found) < 2:
        return None
    width, height = (_pixels(found[side]) for side in ("width", "height"))
    return width, height


def _pixels(length: str) -> float:
    number = length.rstrip("ptx")
    return float(number) * PIXELS[length[len(number) :]]


def follows_theme(path: Path) -> bool:
    """Whether a picture has colours of its own for the dark, as those of this library have."""
    return path.suffix == ".svg" and "prefers-color-scheme" in path.read_text(encoding="utf-8")


def words_of(path: Path) -> str:
    """What a picture says of itself: the title of an SVG."""
    if path.suffix == ".svg":
        head = path.read_text(encoding="utf-8")[:20_000]
        if found := re.search(r"<title>(.+?)</title>", head, flags=re.S):
            return html.unescape(found[1])
    return "What the code above draws"


def shown(image: str, path: Path) -> str:
    """The image with its words, in a box that scrolls."""
    attributes = dict(ATTRIBUTE.findall(image))
    words = attributes.get("alt", "")
    if not words or words.endswith((".svg", ".png")):
        attributes["alt"] = html.escape(words_of(path), quote=True)
    if size := own_size(path):
        attributes |= {"width": f"{size[0]:.0f}", "height": f"{size[1]:.0f}"}
        attributes["style"] = f"min-width:{size[0] * SMALLEST:.0f}px"
    kind = "picture" if follows_theme(path) else "picture figure"
    attributes["class"] = f"{attributes.get('class', '')} {kind}".strip()
    text = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<span class="scrolls"><img {text} /></span>'


def setup(app) -> dict[str, bool]:
    def show(app, _page, _template, context, _doctree) -> None:
        files = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}

        def replace(found: re.Match) -> str:
            source = dict(ATTRIBUTE.findall(found[1])).get("src", "")
            path = files.get(source.rsplit("/", 1)[-1])
            return shown(found[1], path) if path and path.exists() else found[0]

        context["body"] = IMAGE.sub(replace, context.get("body", ""))

    def name_level(_app, _page, _template, context, _doctree) -> None:
        tree = context.get("furo_navigation_tree", "")  # its captions lack what a heading needs
        context["furo_navigation_tree"] = tree.replace(
            'role="heading"', 'role="heading" aria-level="2"'
        )

    app.connect("html-page-context", show)
    app.connect("html-page-context", name_level, 900)  # after the theme has made it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
