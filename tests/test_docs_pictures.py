"""The pictures of the docs are those that the code above them draws, byte for byte."""

import importlib.util
import re
import xml.dom.minidom
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def script():
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stale(drawn, folder):
    """List the pictures that are not those that were drawn."""
    names = {*drawn, *(p.name for p in folder.glob("*.svg"))}
    return [
        name for name in sorted(names)
        if name not in drawn or not (folder / name).exists()
        or (folder / name).read_bytes() != drawn[name]
    ]  # fmt: skip


def test_every_picture_is_what_the_page_draws(tmp_path, capsys):
    pictures = script().pictures()
    assert "0.298371109" in capsys.readouterr().out
    assert stale(pictures, DOCS / "pictures") == []
    for name, picture in pictures.items():
        (tmp_path / name).write_bytes(picture)
        assert xml.dom.minidom.parseString(picture).documentElement.tagName == "svg"
    # an old picture, one that is missing, and one that nobody draws are each told
    (tmp_path / "neuron.svg").write_bytes(b"<svg/>")
    (tmp_path / "mazur.svg").unlink()
    (tmp_path / "older.svg").write_bytes(b"<svg/>")
    assert stale(pictures, tmp_path) == ["mazur.svg", "neuron.svg", "older.svg"]


def test_the_page_shows_each_picture_once_with_words_for_those_who_do_not_see_it():
    page = (DOCS / "pictures.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^\]]+)\]\(pictures/([^)]+)\)", page)
    assert sorted(name for _, name in shown) == sorted(
        p.name for p in (DOCS / "pictures").glob("*.svg")
    )
    assert all(len(words) > 20 for words, _ in shown)


def test_the_pictures_follow_the_readers_dark_mode():
    for path in (DOCS / "pictures").glob("*.svg"):
        assert "prefers-color-scheme:dark" in path.read_text(encoding="utf-8")
