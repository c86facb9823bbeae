"""Where did a forward pass break? The graph up to the call that failed, and that call in red.

An operation that raises is kept on its error, with its operands. An error of a module itself, such
as one of a wrong width, is found where Python keeps what was running: in its traceback.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from .. import graph
from ..errors import ArgumentError
from ..graph import Node as Recorded
from ..notes import described
from ..value import Value
from . import names as words
from .choosing import Wish, chosen
from .folding import Scene
from .snapshots import Node, Snapshot

OPERATIONS = f"{__name__.partition('.')[0]}.ops."
_MOST = 60  # values that are all shown; of more, those that are near
_HOPS = 3
_WIDE = 46  # characters of a line of the message
_LINES = 10


class Failure(NamedTuple):
    """One call that raised: its sign, what it was called on, where, and what it said."""

    sign: str
    operands: tuple
    scope: Any
    message: str


def failure_of(error: BaseException) -> Failure:
    """Find the call that an error is about.

    Raises
    ------
    ArgumentError
        If it came from no operation on Values and from no module.
    """
    message = str(error).strip() or type(error).__name__
    call = getattr(error, "failed_call", None)
    if call is not None:
        fn, operands, scope = call
        return Failure(words.sign(fn, operands, {}), operands, scope, message)
    found, refused = None, None
    traceback = error.__traceback__
    while traceback is not None:  # the innermost is the last
        frame = traceback.tb_frame
        name, given = frame.f_code.co_name, frame.f_locals
        operands = _arguments(frame)
        if name == "forward" and isinstance(given.get("self"), graph.Model):
            found = Failure(type(given["self"]).__name__, operands, None, message)
            refused = None
        elif refused is None and _is_operation(frame, operands):
            refused = Failure(name, operands, None, message)
        traceback = traceback.tb_next
    found = refused or found
    if found is None:
        raise ArgumentError(
            "draw: this error came from no operation on Values, and from no module.",
            expected="an error that was raised in a forward pass",
            got=f"{type(error).__name__}: {message.splitlines()[0]}",
        )
    return found


def _arguments(frame: FrameType) -> tuple:
    """List what a function was called with, without itself; as it stands there now."""
    code = frame.f_code
    names = [name for name in code.co_varnames[: code.co_argcount] if name != "self"]
    return tuple(frame.f_locals[name] for name in names if name in frame.f_locals)


def _is_operation(frame: FrameType, operands: tuple) -> bool:
    """Tell an operation of ours that looked at Values and refused them."""
    ours = frame.f_globals.get("__name__", "").startswith(OPERATIONS)
    return ours and any(isinstance(a, Recorded) for a in operands)


def pictured(error: BaseException, wish: Wish) -> tuple[Snapshot, Scene]:
    """Give the picture of all that led to an error.

    Parameters
    ----------
    error : exception
        What a forward pass raised.
    wish : Wish
        As for any picture; there are no gradients.

    Returns
    -------
    Snapshot, Scene
    """
    failure = failure_of(error)
    end = _stand_in(failure)
    changed: dict[str, Any] = {"gradients": False, "view": "auto"}
    if wish.neighbourhood is None and wish.between is None and _many(end):
        changed |= {"neighbourhood": end, "hops": _HOPS}
    taken, shown = chosen(end, replace(wish, **changed))
    last = taken.node(taken.root)
    told = _told(last, failure)
    nodes = tuple(told if node is last else node for node in taken.nodes)
    boxes = tuple(replace(b, node=told) if b.node is last else b for b in shown.boxes)
    taken = Snapshot(nodes, taken.edges, taken.groups, taken.root, taken.state)
    return taken, replace(shown, boxes=boxes)


def _stand_in(failure: Failure) -> Recorded:
    """Make a value where the failed call would have made one."""

    def failed(*operands: Any) -> None:
        """Stand for the call; it is known to nobody, so it is neither expanded nor replayed."""

    end = Value(0.0, requires_grad=False)
    end.fn = failed
    end.args = tuple(_flat(failure.operands))
    end.scope = failure.scope if isinstance(failure.scope, graph.Scope) else None
    return end


def _flat(operands: tuple) -> list[Any]:
    """List the Values and arrays among operands, those in lists too."""
    found: list[Any] = []
    for a in operands:
        if isinstance(a, list | tuple):
            found.extend(x for x in a if isinstance(x, Recorded | np.ndarray))
        elif isinstance(a, Recorded | np.ndarray):
            found.append(a)
    return found


def _many(end: Recorded) -> bool:
    return len(graph.ancestors(end)) > _MOST


def _told(last: Node, failure: Failure) -> Node:
    said = failure.message.splitlines()[:4]
    lines = [line for text in said for line in textwrap.wrap(text, _WIDE)]
    lines += [f"· {row}"[:_WIDE] for row in described(failure.operands, failure.scope)]
    shown = lines[:_LINES] + (["…"] if len(lines) > _LINES else [])
    return replace(
        last, kind="failed", word="failed", op=failure.sign, name=None, expression=None,
        value=None, grad=None, health="\n".join(shown),
    )  # fmt: skip
