"""Each chapter becomes a notebook that holds its code, its prose, and its solutions folded."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))

import notebooks
from cells import as_notebook_text, cells

PAGE = """\
# Title

See [the next](02-next.md), [elsewhere](https://example.org) and {py:func}`microtensor.draw`.

```python
x = 1
```

**1.** What is x?

<details>
<summary>Solution</summary>

Look:

```python
print(x)
```

So it is.

</details>

**2.** And y?

<details><summary>Hint</summary>

```python
y = x
```
</details>

The end.
"""


def sources(book, kind):
    return [cell["source"] for cell in book["cells"] if cell["cell_type"] == kind]


def test_the_code_of_a_page_is_in_its_notebook_in_order():
    assert sources(notebooks.notebook(PAGE), "code") == ["x = 1", "print(x)", "y = x"]


def test_code_of_solutions_is_folded():
    code = [c for c in notebooks.notebook(PAGE)["cells"] if c["cell_type"] == "code"]
    assert [bool(cell["metadata"]) for cell in code] == [False, True, True]
    assert code[1]["metadata"] == {"jupyter": {"source_hidden": True}}


def test_prose_of_solutions_is_hidden_in_elements_of_its_own():
    prose = sources(notebooks.notebook(PAGE), "markdown")
    assert prose[2:] == [
        "**1.** What is x?\n\n<details><summary>Solution</summary>\n\nLook:\n\n</details>",
        "<details><summary>Solution</summary>\n\nSo it is.\n\n</details>\n\n"
        "**2.** And y?\n\n*Hint: in the folded cell below.*",
        "The end.",
    ]


def test_what_only_the_site_understands_becomes_words():
    prose = sources(notebooks.notebook(PAGE), "markdown")
    assert prose[1] == (
        "# Title\n\nSee the next, [elsewhere](https://example.org) and `microtensor.draw`."
    )


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_becomes_a_notebook_with_all_its_code(chapter):
    page = chapter.read_text(encoding="utf-8")
    book = notebooks.notebook(page)
    blocks = [cell.text.rstrip("\n") for cell in cells(page) if cell.is_code]
    assert sources(book, "code") == blocks
    prose = "\n".join(sources(book, "markdown"))
    assert prose.count("<details>") == prose.count("</details>")
    assert ".md)" not in prose
    assert "{py:" not in prose


def test_what_was_printed_is_shown_in_the_place_of_the_output():
    page = (
        "```python\nprint('a = 1')\n```\n\nIt prints:\n\n<!-- printed -->\n```python\na = 1\n```\n"
    )
    assert as_notebook_text(page).partition("python3\n---\n")[2] == (
        "```{code-cell}\n:tags: [remove-output]\n\nprint('a = 1')\n```\n\nIt prints:\n\n"
        "<!-- printed -->\n```{code-cell}\na = 1\n```\n"
    )


@pytest.mark.parametrize("before", ["  ", "> "])
def test_a_block_that_would_not_be_run_is_refused(before):
    with pytest.raises(ValueError, match="stands at the beginning of its line"):
        as_notebook_text(f"- a list\n\n{before}```python\n{before}x = 1\n{before}```\n")
