"""Which part of a graph is asked for? What lies between two values, or around one.

A graph is given by the operands of each of its members, whatever these are; every walk is
iterative.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Member = TypeVar("Member", bound=Hashable)
Operands = Mapping[Member, Sequence[Member]]


def before(operands: Operands[Member], *ends: Member) -> set[Member]:
    """Find all that some members were computed from, and themselves.

    >>> sorted(before({"a": [], "b": ["a"], "c": ["b"]}, "b"))
    ['a', 'b']
    """
    found = dict.fromkeys(ends)
    waiting = list(found)
    while waiting:
        for a in operands[waiting.pop()]:
            if a not in found:
                found[a] = None
                waiting.append(a)
    return set(found)


def between(operands: Operands[Member], first: Member, last: Member) -> set[Member]:
    """Find the members on the paths from one to another; none if no path leads there.

    >>> graph = {"a": [], "b": [], "c": ["a", "b"], "d": ["c"], "e": ["d"]}
    >>> sorted(between(graph, "a", "d"))
    ['a', 'c', 'd']
    """
    behind = before(operands, last)
    if first not in behind:
        return set()
    users = users_of({a: operands[a] for a in behind})
    return before(users, first) & behind


def around(operands: Operands[Member], middle: Member, hops: int) -> set[Member]:
    """Find the members that are at most so many steps away, in either direction.

    >>> graph = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}
    >>> sorted(around(graph, "b", 1))
    ['a', 'b', 'c']
    """
    users = users_of(operands)
    found = {middle}
    border = [middle]
    for _ in range(hops):
        border = [
            b for a in border for b in (*operands[a], *users[a])
            if b not in found and not found.add(b)  # type: ignore[func-returns-value]
        ]  # fmt: skip
    return found


def with_operands(operands: Operands[Member], part: Iterable[Member]) -> set[Member]:
    """Add to a part what its calls are of: the other factor that a local derivative is made of.

    >>> sorted(with_operands({"w": [], "x": [], "y": ["w", "x"]}, {"x", "y"}))
    ['w', 'x', 'y']
    """
    found = set(part)
    return found.union(*(operands[a] for a in found))


def users_of(operands: Operands[Member]) -> dict[Member, list[Member]]:
    """Turn a graph around: list the users of each member.

    >>> users_of({"a": [], "b": ["a", "a"]})
    {'a': ['b', 'b'], 'b': []}
    """
    users: dict[Member, list[Member]] = {a: [] for a in operands}
    for user, given in operands.items():
        for a in given:
            users[a].append(user)
    return users
