"""What is to be trained? Parameters, or groups of them, checked before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ParameterError
from ..graph import Model, Node, label


def given_groups(name: str, given: Any) -> list[dict[str, Any]]:
    """List the groups that were given, each with a list of "params".

    Parameters
    ----------
    name : str
        Who asks, for the message.
    given : iterable of Parameter, or of dict

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    """
    found = _listed(name, given)
    if not any(isinstance(x, Mapping) for x in found):
        return [{"params": _checked(name, given, found)}]
    for place, group in enumerate(found):
        if not isinstance(group, Mapping) or "params" not in group:
            what = f"keys {list(group)}" if isinstance(group, Mapping) else type(group).__name__
            raise ParameterError(
                f"{name}: where one group is given, all must be groups.",
                expected='dicts such as {"params": net.parameters(), "lr": 0.01}',
                got=f"{what} in place {place}",
            )
    return [{**group, "params": _params(name, group["params"])} for group in found]


def _params(name: str, given: Any) -> list[Any]:
    listed = [given] if isinstance(given, Node) else _listed(name, given)
    return _checked(name, listed, listed)


def refuse_repeats(name: str, parameters: list[Any]) -> None:
    """Say which parameter is given twice, if one is."""
    seen = set()
    for p in parameters:
        if p in seen:
            raise ParameterError(
                f"{name}: {label(p)} is given twice, and would move twice in a step.",
                hint="net.parameters() gives each once, also where modules share them.",
            )
        seen.add(p)


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, Model | Mapping | str) or not isinstance(given, Iterable):
        raise ParameterError(
            f"{name}: the parameters must be a list of them.",
            expected="such as net.parameters()",
            got=f"a {type(given).__name__}",
        )
    found: list[Any] = [None] if isinstance(given, Node) else list(given)
    if not found:
        kind = type(given).__name__ if isinstance(given, tuple) else "list"
        raise ParameterError(
            f"{name}: there is nothing to train.",
            expected="at least one Parameter",
            got=f"an empty {kind}",
            hint="A module finds its own: attributes made by nn.Parameter(...), and other modules.",
        )
    return found


def _checked(name: str, given: Any, found: list[Any]) -> list[Any]:
    """List the parameters, or say why one of them cannot be trained."""
    for place, p in enumerate(found):
        _check_one(name, place, p, given)
    refuse_repeats(name, found)
    return found


def _check_one(name: str, place: int, p: Any, given: Any) -> None:
    if isinstance(given, Node):
        got, hint = "one by itself", "Put it into a list: [p]."
    elif not isinstance(p, Node):
        got, hint = f"a {type(p).__name__} in place {place}", None
    elif p.fn is not None:
        got = f"{label(p)} in place {place}, which {p.fn.__name__} computed"
        hint = "Give the leaves that it was computed from."
    elif not p.requires_grad and not getattr(p, "is_parameter", False):
        got = f"{label(p)} in place {place}, which is a constant"
        hint = "Make it with nn.Parameter(...), or requires_grad=True."
    else:
        return
    raise ParameterError(
        f"{name}: only leaves that require a gradient can be trained.",
        expected="a list of Parameters, such as net.parameters()",
        got=got,
        hint=hint,
    )
