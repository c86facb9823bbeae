"""The page on teaching: what it shows as printed is what its code prints, in this order."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parent.parent / "docs/teaching.md").read_text()


def shown_and_printed(page, capsys):
    """Run the page's code, and pair each printed block with what the code above it printed."""
    names, printed, pairs = {}, "", []
    for language, text in re.findall(r"```(python)?\n(.*?)```", page, flags=re.S):
        if language:
            exec(text, names)
            printed = capsys.readouterr().out
        else:
            pairs.append((text, printed))
    return pairs


def test_every_block_is_what_was_printed(capsys):
    pairs = shown_and_printed(PAGE, capsys)
    assert len(pairs) == 4
    for shown, printed in pairs:
        assert shown in printed


def test_a_block_that_was_not_printed_is_noticed(capsys):
    ((shown, printed),) = shown_and_printed("```python\nprint(1)\n```\n```\n2\n```\n", capsys)
    assert shown not in printed


def test_every_chapter_is_in_the_table():
    from microtensor.teaching.chapters import CHAPTERS

    rows = re.findall(r"^\| ([A-Z][\w ]+) \|", PAGE, flags=re.M)
    assert rows == [chapter.name for chapter in CHAPTERS]
    assert f"tries {sum(len(c.behaviours) for c in CHAPTERS)} behaviours" in PAGE
