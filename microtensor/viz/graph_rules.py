"""Which operations of a graph are unwell? The first NaN, closed rectifiers, flat slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import contributing, graph
from ..graph import Node as Recorded
from .gradient_rules import WORDS, Found
from .names import function_word, sign
from .theme import short

_DEAD = (
    "A unit that is closed for every example learns no more. Try a smaller learning rate, He "
    "initialisation, or leaky_relu."
)
_FLAT = (
    "There the slope is nearly 0, and so is the gradient behind it. Start with smaller weights, "
    "normalise what goes in, or use relu."
)
_SEEK = "mt.detect_anomaly() shows its line."
_CHANNELS_FIRST = ("convolution", "transposed_convolution", "batch_norm", "max_pool", "sum_windows")


def graph_findings(
    order: list[Recorded], grads: dict[Recorded, Any], limits: Any, paths: dict[Recorded, str]
) -> list[Found]:
    """Say which values of a graph are unwell.

    Parameters
    ----------
    order : list of Node
        Operands first.
    grads : dict of Node to array
        Empty if there are none.
    limits : Limits
    paths : dict of Node to str
        The parameters' names.
    """
    found = _first_not_finite(order, grads, paths)
    for node in order:
        if node.fn is None or np.ndim(node._data) < 1:
            continue
        word = function_word(node.fn)
        if word == "relu":
            found += _closed(node, limits.dead)
        elif word in ("tanh", "sigmoid"):
            found += _flat(node, word, limits.saturated)
    return found


def place_of(node: Recorded) -> tuple[str, str]:
    """Tell where a call happened, for a reader, and the path of its module in the model."""
    path = graph.module_path(node.scope)
    inside = path.split(".", 1)[1] if "." in path else ""
    if node.fn is None:
        return graph.label(node), ""
    kind = sign(node.fn, node.args, node.kwargs)
    article = "an" if kind[:1] in "aeiouE" else "a"
    return (f"{inside or path}, {article} {kind}" if path else node.name or kind), inside


# Not finite


def _first_not_finite(
    order: list[Recorded], grads: dict[Recorded, Any], paths: dict[Recorded, str]
) -> list[Found]:
    """Name the first operation that gave numbers that are not finite, forward or else backward."""
    for node in order:
        if bad := _bad(node._data):
            return [_made_bad(node, bad, paths)]
    for node in reversed(order):  # gradients come to the youngest first
        if node in grads and (bad := _bad(grads[node])):
            return [_sent_bad(node, bad, order, grads, paths)]
    return []


def _bad(x: Any) -> tuple[str, int] | None:
    entries = np.asarray(x)
    if entries.dtype.kind != "f" or np.isfinite(entries).all():
        return None
    rule = "nan" if np.isnan(entries).any() else "infinite"
    return rule, int(np.sum(~np.isfinite(entries)))


def _made_bad(node: Recorded, bad: tuple[str, int], paths: dict[Recorded, str]) -> Found:
    rule, n = bad
    where, module = place_of(node)
    if node in paths:
        where, module = paths[node], paths[node].rpartition(".")[0]
    constants = [a for a in node.args if not isinstance(a, Recorded) and hasattr(a, "dtype")]
    if node.fn is None:
        told = f"{n} of {np.size(node._data)} entries are {WORDS[rule]} as given; limit: 0."
        hint = "Look at the data before they are used: np.isfinite(x).all()."
    elif any(_bad(a) for a in constants):
        told = f"an array that {_name(node)} was given holds NaN or infinity; limit: 0."
        hint = "Look at the data before they are used: np.isfinite(x).all()."
    else:
        told = (
            f"{_name(node)} is the first to give {WORDS[rule]}, of finite numbers, in {n} of "
            f"{np.size(node._data)} entries; limit: 0."
        )
        hint = _SEEK
    return rule, where, module, WORDS[rule], float(n), 0.0, told, hint


def _sent_bad(
    node: Recorded,
    bad: tuple[str, int],
    order: list[Recorded],
    grads: dict[Recorded, Any],
    paths: dict[Recorded, str],
) -> Found:
    rule, n = bad
    sender = _sender(node, order, grads)
    user = node if sender is None else sender
    where, module = place_of(user)
    what = paths.get(node) or graph.label(node, user.scope)
    told = (
        f"backward, the rule of {_name(user)} is the first to give {WORDS[rule]}, for {what}, in "
        f"{n} of {np.size(node._data)} entries; limit: 0."
    )
    return rule, where, module, f"grad {WORDS[rule]}", float(n), 0.0, told, _SEEK


def _sender(node: Recorded, order: list[Recorded], grads: dict[Recorded, Any]) -> Recorded | None:
    """Find the call whose rule sent a value what is not finite."""
    with np.errstate(all="ignore"):
        for user in order:
            if user in grads and any(a is node for a in user.args):
                for _, operand, c in contributing.contributions(user, grads[user]):
                    if operand is node and _bad(c):
                        return user
    return None


def _name(node: Recorded) -> str:
    return function_word(node.fn) if node.fn is not None else graph.label(node)


# Activations


def _closed(node: Recorded, most: float) -> list[Found]:
    y = node._data
    if y.ndim < 2 or len(y) < 2:
        return []  # a unit is dead when no example of a batch gets through it
    axis = _unit_axis(node)
    units = np.moveaxis(y, axis, -1).reshape(-1, y.shape[axis])
    dead, n = int(np.sum(~units.any(axis=0))), y.shape[axis]
    if dead <= most * n:
        return []
    where, module = place_of(node)
    told = (
        f"{dead} of {n} units gave 0 for all {len(y)} rows of the batch; "
        f"limit: {short(100 * most)}{' %' * bool(most)}."
    )
    return [("dead", where, module, f"{dead} of {n} dead", dead / n, most, told, _DEAD)]


def _unit_axis(node: Recorded) -> int:
    """Find the axis of the units: channels of images come second, features come last."""
    if node._data.ndim in (2, 4):
        return 1
    made: Any = node
    for _ in range(4):  # through what keeps the shape, such as an added bias
        made = next((a for a in made.args if isinstance(a, Recorded) and a.fn is not None), None)
        if made is None:
            return -1
        if function_word(made.fn) in _CHANNELS_FIRST:
            return 1
    return -1


def _flat(node: Recorded, word: str, most: float) -> list[Found]:
    y = node._data
    if y.size < 2:
        return []
    flat = np.abs(y) > 0.97 if word == "tanh" else (y < 0.02) | (y > 0.98)
    share = float(np.mean(flat))
    if share <= most:
        return []
    where, module = place_of(node)
    region = "|tanh| > 0.97" if word == "tanh" else "a sigmoid outside of 0.02 … 0.98"
    told = f"{share:.0%} of the outputs have {region}; limit: {most:.0%}."
    return [("saturated", where, module, f"{share:.0%} saturated", share, most, told, _FLAT)]
