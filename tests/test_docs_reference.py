"""Every public name is on one page of the reference, and docstrings become what the pages need."""

import importlib
import inspect
import re
import sys
import types
from pathlib import Path

import pytest

import microtensor as mt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs/_ext"))

import docstrings
import public_names

ROOMS_WITH_LISTS = ("data", "io", "losses", "nn", "optim", "special", "teaching", "train", "viz")


def on_pages():
    return [
        entry.thing
        for parts in public_names.pages().values()
        for entries in parts.values()
        for entry in entries
    ]


def missing(doors, things):
    """What a door lists and is not among the things, by its identity."""
    known = {id(thing) for thing in things}
    return [
        f"{door.__name__}.{name}"
        for door in doors
        for name in door.__all__
        if not inspect.ismodule(getattr(door, name)) and id(getattr(door, name)) not in known
    ]


def doors():
    return [mt, *(importlib.import_module(f"microtensor.{room}") for room in ROOMS_WITH_LISTS)]


def test_every_public_name_is_on_a_page():
    things = on_pages()
    assert missing(doors(), things) == []
    assert len(things) > 300


def test_no_public_thing_is_on_two_pages():
    things = on_pages()
    assert len({id(thing) for thing in things}) == len(things)


def test_a_name_that_no_page_tells_of_is_noticed():
    door = types.ModuleType("door")
    door.__all__, door.new = ["new"], object()
    assert missing([door], on_pages()) == ["door.new"]
    stranger = public_names.Public("microtensor.new", door.new, "microtensor.somewhere")
    with pytest.raises(
        LookupError, match=r"no page of the reference is known for microtensor\.new"
    ):
        public_names.page_of(stranger)


def test_every_error_is_on_the_page_of_errors():
    kinds = {thing for thing in vars(mt.errors).values() if inspect.isclass(thing)}
    entries = public_names.pages()["errors"]["microtensor.errors"]
    assert {entry.thing for entry in entries} == kinds


def test_a_name_of_two_rooms_is_told_of_by_its_shortest():
    names = {entry.name for entry in public_names.public()}
    assert {"microtensor.draw", "microtensor.save", "microtensor.losses.mse"} <= names
    assert not {"microtensor.viz.draw", "microtensor.io.save"} & names


def test_every_part_of_a_page_is_introduced():
    modules = {module for parts in public_names.pages().values() for module in parts}
    ours = [module for module in modules if module.startswith("microtensor")]
    assert [module for module in ours if len(public_names.introduction(module)) < 15] == []


DOCSTRING = """Mean of squares.

After `l1` [1]_.

Parameters
----------
x, y : (B, *C) Value or ndarray, optional
    Numbers.

    More of them.
reduction : {"mean", "sum_"}

Returns
-------
() Value
    The mean.

Raises
------
ShapeError, DTypeError
    If not.

References
----------
.. [1] Gauss, *Theoria*
   (1809).

Examples
--------
>>> 1 + 1
2
"""
CONVERTED = r"""Mean of squares.

After `l1` [1].

:Parameters:

   **x**, **y** : (B, \*C) [Value] or ndarray, optional
      Numbers.

      More of them.

   **reduction** : {"mean", "sum\_"}
      ..

:Returns:

   \ () [Value]
      The mean.

:Raises:

   [errors.ShapeError], [errors.DTypeError]
      If not.

.. rubric:: References

1. Gauss, *Theoria*
   (1809).

.. rubric:: Examples

>>> 1 + 1
2
"""


def with_links(text):
    """Write [room.Name] as the link that it stands for."""

    def link(found):
        own = found[1].split(".")[-1]
        return f"\\ :py:class:`{own} <microtensor.{found[1]}>`\\ "

    return re.sub(r"\[([a-z.]*[A-Z]\w+)\]", link, text)


def test_sections_of_a_docstring_become_fields():
    assert docstrings.convert(DOCSTRING) == with_links(CONVERTED)


def test_a_docstring_without_sections_stays():
    assert docstrings.convert("One line.\n\n>>> 1\n1\n") == "One line.\n\n>>> 1\n1\n"
