"""The reference: pages that are written when the site is built, one for each room and core part.

What stands on them comes from `public_names`; Sphinx' autodoc reads the docstrings, and
`docstrings` lays them out. NumPy's own functions get a line instead of NumPy's text.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from pathlib import Path

import public_names
from public_names import MANY, PACKAGE, Public, microtensor
from sphinx.util.nodes import make_refnode
from written import write

FOLDER = Path(__file__).resolve().parents[1] / "reference"
ROOMS = microtensor._ROOMS
HEAD = """\
Reference
=========

Every public name, from its docstring; ``mt`` is ``import microtensor as mt``. Shapes stand before
types: ``(B, C) Value`` is a Value of B rows and C columns. Each example runs, in the tests.

"""


def heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def entry(name: Public) -> str:
    """The directive that tells of one name."""
    if not name.module.startswith(PACKAGE):
        own = f"{name.module}.{name.thing.__name__}"
        return (
            f".. py:function:: {name.name.rsplit('.', 1)[-1]}(x)\n\n"
            f"   NumPy's own ``{own}``: it takes Values as it takes arrays.\n\n"
        )
    if not inspect.isclass(name.thing):
        kind = "function" if callable(name.thing) else "data"
        return f".. auto{kind}:: {name.name}\n\n"
    members = ", ".join(members_of(name.thing))
    kind = "exception" if issubclass(name.thing, BaseException) else "class"
    return f".. auto{kind}:: {name.name}\n" + (f"   :members: {members}\n\n" if members else "\n")


def members_of(kind: type) -> list[str]:
    """The public members with words of their own, those of bases without a page included."""
    told = {id(other.thing) for other in public_names.public()}
    found: dict[str, None] = {}
    for base in kind.__mro__:
        if base is not kind and (id(base) in told or not base.__module__.startswith(PACKAGE)):
            break
        found |= {name: None for name, thing in vars(base).items() if _has_words(name, thing)}
    return sorted(found)


def _has_words(name: str, thing: object) -> bool:
    if name.startswith("_") or inspect.isclass(thing) or inspect.ismemberdescriptor(thing):
        return False
    thing = getattr(thing, "__func__", thing)  # of a class method
    wanted = inspect.isfunction(thing) or isinstance(thing, (property, functools.cached_property))
    return wanted and bool(thing.__doc__)


def section(module: str, names: list[Public]) -> str:
    """The names that one module defines, under what it says of itself."""
    title = module.rsplit(".", 1)[-1].replace("_", " ")
    is_room = module.count(".") == 1  # and then stands at the top of its page
    return heading(title, "-") + ("" if is_room else about(module)) + entries(names)


def about(module: str) -> str:
    """What a module says of itself, under its name; nothing for what is NumPy's."""
    if not module.startswith(PACKAGE):
        return ""
    return f".. py:module:: {module}\n\n{public_names.introduction(module)}\n\n"


def entries(names: list[Public]) -> str:
    """The directives of names, each in the place where its docstring's words are known."""
    where = names[0].name.rsplit(".", 1)[0]
    return f".. py:currentmodule:: {where}\n\n" + "".join(entry(name) for name in names)


def introduction(page: str) -> str:
    """What a page begins with; a room's name is known from here on."""
    return about(f"{PACKAGE}.{page}") if page in ROOMS else f"{line_about(page)}\n\n"


def line_about(page: str) -> str:
    """What a page is about, in a line."""
    if page in ROOMS:
        return public_names.introduction(f"{PACKAGE}.{page}")
    return public_names.INTRODUCTIONS[page]


def texts() -> dict[str, str]:
    """The text of each page, by its name."""
    written, listed = {}, []
    for page, parts in public_names.pages().items():
        head = f".. _reference-{page}:\n\n" + heading(page, "=") + introduction(page)
        listed.append(page)
        if sum(map(len, parts.values())) <= MANY:
            written[page] = head + _body(parts)
            continue
        inner = []
        for module, names in parts.items():
            own = f"{page}-{module.rsplit('.', 1)[-1].replace('_', '-')}"
            title = heading(f"{page}: {module.rsplit('.', 1)[-1].replace('_', ' ')}", "=")
            written[own] = title + about(module) + entries(names)
            inner.append((own, names))
        written[page] = head + _list_of(inner)
    written["index"] = HEAD + _overview(listed)
    return written


def _overview(pages: list[str]) -> str:
    """A table of the pages, each with its line of introduction, and the pages."""
    rows = "".join(f"   * - :doc:`{page}`\n     - {line_about(page)}\n" for page in pages)
    tree = "".join(f"   {page}\n" for page in pages)
    return f".. list-table::\n\n{rows}\n.. toctree::\n   :hidden:\n\n{tree}"


def _body(parts: dict[str, list[Public]]) -> str:
    if len(parts) == 1:  # the page's own words are its introduction
        return entries(next(iter(parts.values())))
    return "".join(section(module, names) for module, names in parts.items())


def _list_of(inner: list[tuple[str, list[Public]]]) -> str:
    """A table of what each page holds, and the pages."""
    rows = "".join(
        f"   * - :doc:`{own}`\n     - {', '.join(f':py:obj:`~{n.name}`' for n in names)}\n"
        for own, names in inner
    )
    tree = "".join(f"   {own}\n" for own, _ in inner)
    return f".. list-table::\n\n{rows}\n.. toctree::\n   :hidden:\n\n{tree}"


def resolve(app, env, node, content):
    """Find what a docstring names shortly: `mt.seed`, `fit`, a method of the class it stands in."""
    target = node["reftarget"].removeprefix("mt.")
    objects = env.get_domain("py").objects
    near = [f"{kind}.{target}" for kind in _kinds(node)]
    ends = [
        name for name, found in objects.items()
        if name.endswith(f".{target}") and not found.aliased and ".micrograd." not in name
    ]  # fmt: skip
    for name in (*near, f"{PACKAGE}.{target}", *(ends if len(ends) == 1 else [])):
        if name in objects:
            found = objects[name]
            return make_refnode(
                app.builder, node["refdoc"], found.docname, found.node_id, content, name
            )
    return None


def _kinds(node) -> list[str]:
    """The class that a word stands in, and its bases, as the reference names them."""
    where, inside = node.get("py:module"), node.get("py:class")
    names = {id(other.thing): other.name for other in public_names.public()}
    door = importlib.import_module(where) if where and inside else None
    kind = getattr(door, inside.split(".")[-1], None) if door else None
    return [names[id(base)] for base in getattr(kind, "__mro__", ()) if id(base) in names]


def write_pages() -> None:
    """Write what changed, and remove pages that are no more."""
    written = texts()
    for page, text in written.items():
        write(FOLDER / f"{page}.rst", text)
    for path in FOLDER.glob("*.rst"):
        if path.stem not in written:
            path.unlink()


def setup(app) -> dict[str, bool]:
    app.connect("builder-inited", lambda _app: write_pages())

    def spare(_app, kind, name, _thing, _options, arguments, _result) -> tuple[str, str] | None:
        """Errors are caught, not made: their arguments are told of once, with their base."""
        is_told = kind != "exception" or name.endswith("MicrotensorError") or arguments is None
        return None if is_told else ("", "")

    app.connect("autodoc-process-signature", spare)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
