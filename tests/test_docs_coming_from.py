"""Pages for those who come from elsewhere: whatever they say of this library is run."""

import pytest
from phrasebooks import PAGES, pieces, read, spans

BOOK = """
```py
def twice(x): return 2 * x
```
```python
import microtensor as mt
x = mt.Value(3.0)
```

| there | here |
|---|---|
| `twice(3.0)` | `y = 2 * x`, then `y.data` |
| a thing without code | `{"a": 1}["a"] \\| 2` |

| what | there | here |
|---|---|---|
| not a table of two | `nonsense(` | `nonsense(` |

| name | meaning |
|---|---|
| not a table of this kind | `nonsense(` |
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_whatever_is_said_here_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = read(page.read_text(), "here")
    assert 20 <= len(rows) <= 50
    silent = [piece.text for piece, _ in rows if not spans(piece.cells[-1])]
    assert silent == [], "each row says with code how it is done here"


def test_there_are_such_pages():
    assert {page.stem for page in PAGES} == {"jax", "keras", "micrograd", "mygrad", "pytorch"}


def test_rows_and_blocks_are_read_in_their_order():
    assert [piece.block for piece in pieces(BOOK)] == ["py", "python", None, None]
    assert [given for _, given in read(BOOK, "here")] == [[None, 6.0], [3]]
    assert [given for _, given in read(BOOK, "there")] == [[6.0], []]


@pytest.mark.parametrize(
    ("line", "wrong", "complaint"),
    [
        ("`y = 2 * x`", "`y = x.double()`", r"'y = x.double\(\)' in .*: AttributeError"),
        ("x = mt.Value(3.0)", "x = mt.Valu(3.0)", "AttributeError: module 'microtensor' has no"),
        ("`y.data`", "`y.data`, `y.data(`", "SyntaxError"),
    ],
)
def test_a_stale_page_is_noticed(line, wrong, complaint):
    assert line in BOOK
    with pytest.raises(AssertionError, match=complaint):
        read(BOOK.replace(line, wrong), "here")
