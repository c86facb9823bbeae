"""How does a graph travel to a page? As columns: one array per attribute, in topological order.

Two things keep it small. What calls of one kind share (their sign, their formulas) is written
once, and each value only says which kind it is of. Numbers are bytes, not decimals, so they
arrive exactly as they are here.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from . import notation
from .briefly import moments
from .cards import shrunk
from .counterparts import helpers, javascript, symbols
from .sections import with_lines
from .snapshots import Edge, Node, Snapshot
from .terms import Term, symbols_in
from .theme import clean, dtype_word

ROLES = ("input", "param", "const", "op", "output")
HAS_GRADIENT, IS_ARRAY = 1, 2  # bits of a value's flags
NO_KIND = 0  # of leaves
_CELLS = 48  # of a heat-map, each way
_BINS = 24
_NAME_LIMIT = 5_000  # characters


def columns(taken: Snapshot, budget: int = 400) -> tuple[dict[str, Any], str]:
    """Write a graph as columns, and the functions that its numbers are computed with.

    Parameters
    ----------
    taken : Snapshot
        Taken with ``formulas="general"``.
    budget : int, default 400
        Where more values than this are together in no module or one, they are put together by
        the lines of the program that they were computed in, if these are known.

    Returns
    -------
    dict
        Ready for ``json.dumps``.
    str
        JavaScript: a list with one entry per kind of call, of its function and of its local
        derivatives, null where there is no counterpart.
    """
    place = {node.id: i for i, node in enumerate(taken.nodes)}
    homes, groups = with_lines(taken, budget)
    group = {g.key: i for i, g in enumerate(groups)}
    lines = list(dict.fromkeys(n.line for n in taken.nodes if n.line is not None))
    kinds = _Kinds()
    of_kind = [kinds.of(node, taken.operands[node.id]) for node in taken.nodes]
    flags = [
        HAS_GRADIENT * (n.grad is not None) + IS_ARRAY * (not n.is_scalar) for n in taken.nodes
    ]
    found: dict[str, Any] = {
        "n": len(taken.nodes),
        "root": place[taken.root],
        "state": taken.state,
        "roles": packed([ROLES.index(n.kind) for n in taken.nodes]),
        "flags": packed(flags),
        "kind": packed(of_kind),
        "group": packed([0 if key is None else group[key] + 1 for key in homes]),
        "sources": packed([place[e.src] for e in taken.edges]),
        "values": packed_floats([_number(n.value) for n in taken.nodes]),
        "grads": packed_floats([_number(n.grad) for n in taken.nodes]),
        "kinds": kinds.told,
        "groups": [
            [clean(g.title), g.path, 0 if g.parent is None else group[g.parent] + 1] for g in groups
        ],
        "names": {
            i: clean(n.name, _NAME_LIMIT) for i, n in enumerate(taken.nodes) if n.name is not None
        },
        "losses": [i for i, n in enumerate(taken.nodes) if n.word == "loss"],
        "health": {i: n.health for i, n in enumerate(taken.nodes) if n.health is not None},
        "arrays": {i: _array(n) for i, n in enumerate(taken.nodes) if not n.is_scalar},
        "broadcast": {i: e.broadcast for i, e in enumerate(taken.edges) if e.broadcast},
    }
    if lines:
        at = {line: i + 1 for i, line in enumerate(lines)}
        found["lines"] = [clean(line.told) for line in lines]
        found["line"] = packed([0 if n.line is None else at[n.line] for n in taken.nodes])
    found["twin"] = kinds.all_known and taken.is_scalar
    if not found["twin"]:  # what the page cannot compute it is told
        found["locals"] = packed_floats([_number(e.local) for e in taken.edges])
        found["sent"] = packed_floats([_number(e.contribution) for e in taken.edges])
    return found, kinds.script()


class _Kinds:
    """The kinds of call of one graph: a sign, the positions of its operands, and formulas."""

    def __init__(self) -> None:
        self.told: list[Any] = [None]  # the leaves' place
        self.functions: list[str] = ["null"]
        self.all_known = True
        self._by_identity: dict[Any, int] = {}
        self._by_terms: dict[Any, int] = {}

    def of(self, node: Node, edges: tuple[Edge, ...]) -> int:
        if node.op is None:
            return NO_KIND
        # Terms are kept by the snapshot and mostly shared, so their identity tells them apart; a
        # program is made together with those of the arguments.
        quick: tuple = (node.op, id(node.program), *[e.contribution is None for e in edges])
        if node.program is None:
            parts = tuple((e.position, id(e.formula), id(e.program)) for e in edges)
            quick = (*quick, node.function, node.is_scalar, id(node.formula), parts)
        kind = self._by_identity.get(quick)
        if kind is None:
            terms = tuple((e.position, e.formula, e.program, e.contribution is None) for e in edges)
            full = (node.op, node.function, node.is_scalar, node.formula, node.program, terms)
            kind = self._by_terms.get(full)
            if kind is None:
                kind = self._by_terms[full] = self._new(node, edges)
            self._by_identity[quick] = kind
        return kind

    def _new(self, node: Node, edges: tuple[Edge, ...]) -> int:
        positions = [e.position for e in edges]
        derivatives = [None if e.contribution is None else e.formula for e in edges]
        written = [_written(t) for t in derivatives]
        forward = _written(node.formula) or ["", ""]
        code = _code(node.program, positions) if node.is_scalar else None
        codes = [None if e.contribution is None else _code(e.program, positions) for e in edges]
        sends = [e.contribution is not None for e in edges]
        if code is None or any(s and c is None for s, c in zip(sends, codes, strict=True)):
            self.all_known = False
        self.told.append(
            {
                "op": clean(node.op), "fn": node.function, "pos": positions,
                "text": forward[0], "latex": forward[1], "local": written, "sends": sends,
            }
        )  # fmt: skip
        parts = [f"(a,y)=>{c}" if c is not None else "null" for c in [code, *codes]]
        self.functions.append(f"[{parts[0]},[{','.join(parts[1:])}]]")
        return len(self.told) - 1

    def script(self) -> str:
        functions, needed = f"[{','.join(self.functions)}]", helpers(self.functions)
        return functions if needed == "{}" else f"(()=>{{const F={needed};return{functions}}})()"


class _Marks(dict):
    """Names for symbols that a page puts labels in the place of."""

    def __missing__(self, key: Any) -> str:
        return f"⟦{key}⟧"


class _Variables(dict):
    def __missing__(self, key: Any) -> str:
        return symbols(key)


def _written(term: Term | None) -> list[str] | None:
    if term is None:
        return None
    return [notation.text(term, _Marks()), notation.latex(term, _Marks())]


def _code(term: Term | None, positions: list[int]) -> str | None:
    """Write a formula in JavaScript, if it speaks of the operands alone."""
    if term is None or not symbols_in(term) <= {"y", *positions}:
        return None
    return javascript(term, _Variables())


def _number(x: Any) -> float:
    """Give a number as it is, nothing as NaN, and an array as its length."""
    if x.__class__ is float:  # nearly all of a graph of numbers
        return x
    if x is None:
        return float("nan")
    if np.ndim(x) == 0:
        return float(x)
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(np.asarray(x, dtype=np.float64)))


def packed(numbers: list[int]) -> list[str]:
    """Pack whole numbers as bytes in base64, after the name of their type in JavaScript.

    >>> packed([1, 2, 300])
    ['Uint16Array', 'AQACACwB']
    """
    largest = max(numbers, default=0)
    word = "Uint8Array" if largest < 2**8 else "Uint16Array" if largest < 2**16 else "Uint32Array"
    kind = {"Uint8Array": "<u1", "Uint16Array": "<u2", "Uint32Array": "<u4"}[word]
    return [word, base64.b64encode(np.array(numbers, dtype=kind).tobytes()).decode()]


def packed_floats(numbers: list[float]) -> list[str]:
    """Pack numbers as bytes in base64, none of their bits lost.

    >>> packed_floats([1.0])
    ['Float64Array', 'AAAAAAAA8D8=']
    """
    return ["Float64Array", base64.b64encode(np.array(numbers, dtype="<f8").tobytes()).decode()]


def _array(node: Node) -> dict[str, Any]:
    return {
        "shape": list(node.shape), "dtype": dtype_word(node.dtype), "data": _map(node.value),
        "grad": None if node.grad is None else _map(node.grad),
    }  # fmt: skip


def _map(array: Any) -> dict[str, Any]:
    """Give an array as a heat-map of at most 48×48 cells, with its moments and a histogram."""
    entries = np.asarray(array, dtype=np.float64)
    cells = shrunk(entries, _CELLS)
    finite = entries[np.isfinite(entries)]
    counts, ends = np.histogram(finite, _BINS) if finite.size else (np.zeros(0), np.zeros(2))
    mean, spread = moments(array)
    told = [mean, spread, np.min(finite, initial=np.inf), np.max(finite, initial=-np.inf)]
    return {
        "cells": packed_floats(cells.reshape(-1).tolist()),
        "rows": cells.shape[0],
        "whole": bool(cells.size == entries.size),
        "moments": packed_floats([float(x) for x in told]),
        "bins": [int(c) for c in counts],
        "ends": packed_floats([float(ends[0]), float(ends[-1])]),
    }


def script_json(found: Any) -> str:
    """Write JSON that may stand in a script element: no tag can end it, no line is broken.

    >>> print(script_json("</script>"))
    "\\u003c/script>"
    """
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign, escaped in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escaped)
    return text
