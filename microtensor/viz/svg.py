"""How does a picture read on the web? What is done to Graphviz's SVG before anyone sees it.

Fonts that every machine has, words for screen readers, and colours that follow the reader's dark
mode where the picture's theme has them. The text is changed, never parsed as code.
"""

from __future__ import annotations

import hashlib
import re
from xml.sax.saxutils import escape

from .theme import DARK, FONT, FONT_FAMILY, LIGHT, clean, light_to_dark

_OPEN = re.compile(r"<svg\b[^>]*>")
_PART = re.compile(
    r'<g id="[^"]*" class="(?:node|edge|cluster)[^"]*">\n(?P<title><title>[^<]*</title>)'
)
_LINK = re.compile(r'<a xlink:title="([^"]*)">')
_WRAPPED = re.compile(r'<g id="a_[^"]*"><a xlink:title="[^"]*">\n(.*?)</a>\n</g>\n', re.DOTALL)
_SIZE = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"')


def finished(svg: str, *, title: str, description: str, theme: str) -> str:
    """Make Graphviz's SVG fit to be shown: fonts, title, description, dark mode.

    Parameters
    ----------
    svg : str
        As Graphviz wrote it.
    title, description : str
        What a screen reader says; any text.
    theme : {"light", "dark", "auto", "textbook"}
        With the last two the picture gets its dark colours where the reader prefers them.

    Returns
    -------
    str
        The same picture; the same bytes for the same input.
    """
    svg = svg.replace(f'font-family="{FONT}"', f"font-family='{FONT_FAMILY}'")
    svg = re.sub(r"(<g [^>]* class=\"graph\"[^>]*>\n)<title>[^<]*</title>\n", r"\1", svg, count=1)
    svg = _words_for_parts(svg)
    opening = _OPEN.search(svg)
    if opening is None:
        return svg
    head = f"<title>{escape(clean(title))}</title>\n"
    lines = "\n".join(map(_indented, description.splitlines()))
    head += f"<desc>{escape(lines)}</desc>\n"
    tag = opening[0].replace("<svg ", '<svg role="group" ', 1)
    pairs = light_to_dark(theme)
    if pairs:
        # Selectors reach the whole page when an SVG stands in one: they are bound to this picture.
        scope = "mt-" + hashlib.sha256(svg.encode()).hexdigest()[:8]
        tag = tag.replace("<svg ", f'<svg class="{scope}" ', 1)
        head += f"<style>{_dark_rules(scope, pairs)}</style>\n"
    return svg[: opening.start()] + tag + "\n" + head + svg[opening.end() :].lstrip("\n")


def _indented(line: str) -> str:
    words = line.lstrip(" ")
    return " " * (len(line) - len(words)) + clean(words, 400)


def size_of(svg: str) -> tuple[float, float]:
    """Tell the width and the height of a picture, in points."""
    match = _SIZE.search(svg.replace('role="group" ', ""))
    return (float(match[1]), float(match[2])) if match else (0.0, 0.0)


def _words_for_parts(svg: str) -> str:
    """Give each box and arrow its tooltip as title, and drop the links that carried tooltips."""
    pieces = []
    end = 0
    for match in _PART.finditer(svg):
        stop = svg.find("<!-- ", match.end())
        link = _LINK.search(svg, match.end(), stop if stop > 0 else len(svg))
        pieces.append(svg[end : match.start("title")])
        pieces.append(f"<title>{link[1]}</title>" if link else "")
        end = match.end("title")
    return _WRAPPED.sub(r"\1", "".join(pieces) + svg[end:])


def _dark_rules(scope: str, pairs: list[tuple[str, str]]) -> str:
    rules = []
    for light, dark in pairs:
        light = light.lower()  # as Graphviz writes them
        rules.append(f'.{scope} .graph [fill="{light}"]{{fill:{dark}}}')
        rules.append(f'.{scope} .graph [stroke="{light}"]{{stroke:{dark}}}')
    # the ground is white as operations are: it is told by its place
    rules.append(f'.{scope} .graph>polygon[fill="{LIGHT.page.lower()}"]{{fill:{DARK.page}}}')
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
