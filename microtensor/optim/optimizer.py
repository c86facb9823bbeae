"""What every optimizer is: parameters, a learning rate, and a step against the gradient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, GradientError, ParameterError, ShapeError
from ..graph import Model, Node, assign, label, rebind

State = list[dict[str, Any]]


class Optimizer:
    """Moves parameters by their gradients. `SGD`, `Adam` and `AdamW` say how.

    A parameter moves by getting a new array; the old one is left as it was, so that
    ``before = p.data`` still holds the old numbers after a step.

    Parameters
    ----------
    parameters : iterable of Parameter
        Leaves, each once, such as ``net.parameters()``.
    lr : float
        The learning rate; it may be changed between steps.

    Attributes
    ----------
    parameters : list of Parameter
    lr : float
    state : list of dict
        What is remembered of each parameter, by PyTorch's names; empty before its first step.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If lr is negative.
    """

    kept: tuple[str, ...] = ()  # the names of what is remembered of a parameter

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        self.parameters = self._checked(parameters)
        self.lr = self._not_negative("lr", lr)

    def step(self) -> None:
        """Move each parameter that has a gradient; the others stay, as in PyTorch.

        Raises
        ------
        GradientError
            If none has one: ``backward`` was not called.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step.")

    def zero_grad(self) -> None:
        """Forget the gradients, which the next ``backward`` would add to."""
        for p in self.parameters:
            p.grad = None

    @property
    def state(self) -> State:
        return [{} for _ in self.parameters]

    def _restore(self, state: State) -> None:
        """Take what is remembered of each parameter; what ``state`` gives."""

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy the learning rate and all that is remembered into a dict of arrays.

        Keys are "lr" and, for the parameter in place i, such as "0.exp_avg".
        """
        found = {"lr": np.array(self.lr, dtype=float)}
        for place, kept in enumerate(self.state):
            found.update({f"{place}.{name}": np.array(x) for name, x in kept.items()})
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the learning rate and all that is remembered from what `state_dict` gave.

        Raises
        ------
        ParameterError
            If it is the state of another kind of optimizer, or of other parameters. Nothing is
            changed then.
        """
        given = {key: np.asarray(x).copy() for key, x in state.items()}
        lr = given.pop("lr", np.array(()))
        fresh: State = []
        misfits = [] if lr.shape == () else ["lr"]
        for place, p in enumerate(self.parameters):
            keys = {f"{place}.{name}": name for name in self.kept}
            kept = {name: given.pop(key) for key, name in keys.items() if key in given}
            shapes = [np.shape(x) for name, x in kept.items() if name != "step"]
            complete = len(kept) in (0, len(keys))
            if not complete or any(shape != np.shape(p._data) for shape in shapes):
                misfits.extend(keys)
            fresh.append(kept)
        misfits.extend(given)
        if misfits:
            raise ParameterError(
                f"{type(self).__name__}.load_state_dict: the state does not fit; "
                "nothing was changed.",
                expected=f"what state_dict() gives for these {len(self.parameters)} parameters",
                got=f"another state; the first difference is at {misfits[0]}",
            )
        self.lr = self._not_negative("lr", float(lr))
        self._restore(fresh)

    def __repr__(self) -> str:
        options = {k: v for k, v in vars(self).items() if k[0] != "_" and k != "parameters"}
        shown = ", ".join(f"{name}={x!r}" for name, x in options.items())
        return f"{type(self).__name__}({len(self.parameters)} parameters, {shown})"

    def _moving(self) -> list[tuple[int, Node, Any]]:
        """List the parameters that have a gradient, with their places and its numbers."""
        moving = []
        for place, p in enumerate(self.parameters):
            g = p.grad
            if g is not None:
                if isinstance(g, Node):  # after backward(create_graph=True)
                    g = g._data
                if getattr(g, "shape", ()) != getattr(p._data, "shape", ()):
                    raise ShapeError(
                        f"{type(self).__name__}: a gradient must have its parameter's shape.",
                        expected=f"shape {np.shape(p._data)}, as {label(p)} has",
                        got=f"shape {np.shape(g)}",
                    )
                moving.append((place, p, g))
        if not moving:
            raise GradientError(
                f"{type(self).__name__}.step: no parameter has a gradient.",
                expected="a loss that depends on them, and loss.backward() before step()",
                got=f"grad is None for all of the {len(self.parameters)}",
                hint="backward() has not been called since they were made or zero_grad() was.",
            )
        return moving

    def _checked(self, parameters: Any) -> list[Any]:
        """List the parameters, or say why one of them cannot be trained."""
        name = type(self).__name__
        if isinstance(parameters, Model) or not isinstance(parameters, Iterable):
            raise ParameterError(
                f"{name}: the parameters must be a list of them.",
                expected="such as net.parameters()",
                got=f"a {type(parameters).__name__}",
            )
        found: list[Any] = [None] if isinstance(parameters, Node) else list(parameters)
        if not found:
            kind = "list" if not isinstance(parameters, tuple | dict) else type(parameters).__name__
            raise ParameterError(
                f"{name}: there is nothing to train.",
                expected="at least one Parameter",
                got=f"an empty {kind}",
                hint="A module finds its own: attributes made by nn.Parameter(...), "
                "and other modules.",
            )
        for place, p in enumerate(found):
            self._check_one(name, place, p, parameters)
        if len(set(found)) < len(found):
            twice = next(p for i, p in enumerate(found) if any(p is q for q in found[:i]))
            raise ParameterError(
                f"{name}: {label(twice)} is given twice, and would move twice in a step.",
                hint="net.parameters() gives each once, also where modules share them.",
            )
        return found

    def _check_one(self, name: str, place: int, p: Any, given: Any) -> None:
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

    def _not_negative(self, option: str, x: Any) -> Any:
        if not isinstance(x, int | float | np.number) or not x >= 0:
            raise ArgumentError(
                f"{type(self).__name__}: {option} must not be negative.",
                expected="a number of at least 0",
                got=repr(x),
            )
        return x


def subtract(p: Node, change: Any) -> None:
    """Move a parameter: p - change, in a new array, which may be that of ``change``."""
    x = p._data
    if x.__class__ is np.ndarray and change.dtype is x.dtype:
        rebind(p, np.subtract(x, change, change))
    else:
        assign(p, x - change)
