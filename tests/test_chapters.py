"""The reader of the course's pages objects to numbers that are wrong or that nobody asserts."""

from __future__ import annotations

import pytest
from chapters import Page, agrees, numbers_of, reading

PAGE = """# A page

It prints 0.25 (and −1.5e-3), of [a link](somewhere-0.77.html).

```python
x = 0.5
print(f"half {x}, {x / 3:.4f}")
x * x
```
"""


def test_every_number_of_prose_and_print_is_to_be_asserted():
    page = Page(PAGE)
    assert page.left == {"0.25", "-1.5e-3", "0.5", "0.1667"}
    page.shows("0.25", page.names["x"] ** 2)
    page.shows("−1.5e-3", -0.0015)
    page.prints(r"half (\S+), (\S+)", 0.5, 1 / 6)
    assert not page.left


def test_numbers_that_are_wrong_or_absent_are_noticed():
    page = Page(PAGE)
    with pytest.raises(AssertionError, match=r"the page shows 0\.25, which should be 0\.26"):
        page.shows("0.25", 0.26)
    with pytest.raises(AssertionError, match=r"the page does not show 0\.26"):
        page.shows("0.26", 0.26)
    with pytest.raises(AssertionError, match=r"the page shows 0\.1667, which should be 0\.166"):
        page.prints(r"half (\S+), (\S+)", 0.5, 0.166)
    with pytest.raises(AssertionError, match=r"not in 1 \.\.\. 2"):
        page.prints(r"half (\S+),", (1, 2))
    with pytest.raises(AssertionError, match="prints nothing like"):
        page.prints(r"third (\S+)", 0.5)


def test_a_number_left_over_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    objects = pytest.raises(AssertionError, match=r"nobody asserts these numbers of .*0\.1667")
    with objects, reading(str(page.with_suffix(""))):
        pass


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [("0.39", 0.3851, True), ("0.39", 0.3849, False), ("-11.67", -11.67, True), ("3", 3.4, True),
     ("3", 3.6, False), ("1.5e-3", 0.00154, True), ("1.5e-3", 0.00156, False), ("97", 96.6, True)],
)  # fmt: skip
def test_a_number_agrees_to_its_last_digit(text, value, right):
    assert agrees(text, value) is right


def test_numbers_are_told_from_names():
    text = "x1 = 2, float32 [1. 2.5 -3.] (4, 3) 97.5 % v0.1.2 1e-5 layer0.weight 64-128"
    assert numbers_of(text) == ["2", "1", "2.5", "-3", "4", "3", "97.5", "1e-5", "64", "128"]
