"""What every optimizer is: parameters in groups, options, and a step against the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy import ndarray

from ..errors import GradientError, ShapeError
from ..graph import Node, assign, label, rebind, recording, refuse_while_traced, state
from .groups import given_groups, refuse_repeats
from .options import NOT_NEGATIVE, Group, Option, options_of
from .recorded import numbers_of, record_move, record_step
from .states import as_array, copied, from_array, refuse

State = dict[Any, dict[str, Any]]
Moving = list[tuple[Node, Any]]  # parameters and their gradients


class Optimizer:
    """Moves parameters by their gradients. `SGD`, `Adam` and the others say how.

    A parameter moves by getting a new array; the old one is left as it was, so that
    ``before = p.data`` still holds the old numbers after a step.

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        Leaves, each once, such as ``net.parameters()``. Or groups: dicts with "params" and the
        options in which this group differs.
    lr : float
        The learning rate.
    **options
        The other options of the class.

    Attributes
    ----------
    param_groups : list of dict
        Each group's "params" and options. Options may be changed between steps.
    lr, and each other option
        What all groups share; setting it sets it for all. An error where the groups differ.
    parameters : list of Parameter
        Those of all groups.
    state : dict of dict
        What is remembered of each parameter, by PyTorch's names; empty before its first step.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If an option has a value that cannot be, or there is none of its name.

    Notes
    -----
    An optimizer of your own gives `move`. Arrays that it keeps in ``self.state[p]``, a dict by
    names of its own, are saved and loaded.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> class Signs(Optimizer):
    ...     def move(self, group, moving):
    ...         for p, g in moving:
    ...             p.data = p.data - group["lr"] * np.sign(g)
    >>> net = mt.nn.Linear(2, 1, rng=0)
    >>> optimizer = Signs([{"params": [net.weight]}, {"params": [net.bias], "lr": 0.5}], lr=0.1)
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.1, 0.5]
    """

    lr = Option(NOT_NEGATIVE)
    kept: tuple[str, ...] | None = None  # what may be remembered of a parameter; None: anything
    needed: frozenset[str] = frozenset()  # those of them that are never missing after a step

    def __init__(self, parameters: Iterable[Any], lr: float, **options: Any) -> None:
        self.defaults = {"lr": lr, **options}
        self.state: State = {}
        self.param_groups: list[Group] = []
        for group in given_groups(type(self).__name__, parameters):
            self.add_param_group(group)

    @classmethod
    def check_together(cls, group: Mapping[str, Any]) -> None:
        """Refuse options that do not go together."""

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Train further parameters: a dict with "params", and options where they differ."""
        name = type(self).__name__
        (group,) = given_groups(name, [group])
        refuse_repeats(name, [*self.parameters, *group["params"]])
        self.param_groups.append(Group(type(self), {**self.defaults, **group}))

    @property
    def parameters(self) -> list[Any]:
        return [p for group in self.param_groups for p in group["params"]]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move each parameter that has a gradient; the others stay, as in PyTorch.

        Parameters
        ----------
        closure : callable, optional
            Called first: it forgets the gradients, computes the loss and its gradients, and
            gives the loss.

        Returns
        -------
        What the closure gave, or None

        Raises
        ------
        GradientError
            If none has one: ``backward`` was not called.
        ShapeError
            If a gradient has not its parameter's shape. No parameter is moved then.
        """
        if state.tracer is not None:
            return record_step(self, state.tracer, closure)
        loss = None
        if closure is not None:
            with recording():
                loss = closure()
        moves = [(group, self._moving(group)) for group in self.param_groups]
        moved = False
        for group, moving in moves:
            if moving:
                self.move(group, moving)
                moved = True
        if not moved:
            self._refuse_to_stand()
        return loss

    def move(self, group: Group, moving: Moving) -> None:
        """Move the parameters of one group.

        Parameters
        ----------
        group : dict
            Its options.
        moving : list of (Parameter, ndarray)
            Those that have a gradient, with its numbers; with ``maximize``, its negative.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to move.")

    def record_move(self, tracer: Any, group: Any, moving: Moving) -> None:
        """Record `move` as part of a program."""
        record_move(self, tracer, group, moving)

    def zero_grad(self) -> None:
        """Forget the gradients, which the next ``backward`` would add to."""
        tracer = state.tracer
        for group in self.param_groups:
            for p in group["params"]:
                if tracer is not None:
                    tracer.forget(p)
                p.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy all options and all that is remembered into a flat dict of arrays.

        The keys are the paths in PyTorch's state, such as "param_groups.0.lr" and, for the
        parameter in place 0, "state.0.exp_avg".
        """
        refuse_while_traced("optimizer.state_dict()", "Call it before or after the function.")
        found, place = {}, 0
        for i, group in enumerate(self.param_groups):
            for name in options_of(type(self)):
                found[f"param_groups.{i}.{name}"] = as_array(group[name])
            end = place + len(group["params"])
            found[f"param_groups.{i}.params"] = np.arange(place, end)
            place = end
        for place, p in enumerate(self.parameters):
            for name, x in self.state.get(p, {}).items():
                found[f"state.{place}.{name}"] = np.array(x)
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take all options and all that is remembered from what `state_dict` gave.

        Raises
        ------
        ParameterError
            If it is the state of another kind of optimizer, or of other parameters.
        ArgumentError
            If an option has a value that cannot be.

        In each case nothing is changed.
        """
        refuse_while_traced("optimizer.load_state_dict()", "Call it before the function.")
        name = type(self).__name__
        given = copied(name, state)
        options, misfits = self._read_options(given)
        remembered, more = self._read_state(given)
        what = f"these {len(self.parameters)} parameters"
        refuse(name, what, [*misfits, *more, *given])
        pairs = list(zip(self.param_groups, options, strict=True))
        fresh = [Group(type(self), {**group, **x}) for group, x in pairs]  # checked
        for group, new in zip(self.param_groups, fresh, strict=True):
            dict.update(group, new)
        self.state = remembered

    def _read_options(self, given: dict[str, np.ndarray]) -> tuple[list[dict], list[str]]:
        """Take each group's options out of a state; tell what is missing too."""
        found: list[dict[str, Any]] = []
        misfits, place = [], 0
        for i, group in enumerate(self.param_groups):
            keys = {name: f"param_groups.{i}.{name}" for name in options_of(type(self))}
            misfits += [key for key in keys.values() if key not in given]
            found.append({n: from_array(given.pop(k)) for n, k in keys.items() if k in given})
            places = np.arange(place, place := place + len(group["params"]))
            if not np.array_equal(given.pop(f"param_groups.{i}.params", places[:0]), places):
                misfits.append(f"param_groups.{i}.params")
        return found, misfits

    def _read_state(self, given: dict[str, np.ndarray]) -> tuple[State, list[str]]:
        """Take what is remembered of each parameter out of a state; tell what does not fit."""
        found: State = {}
        misfits = []
        for place, p in enumerate(self.parameters):
            start = f"state.{place}."
            keys = [key for key in given if key.startswith(start)]
            kept = {key.removeprefix(start): given[key] for key in keys}
            if self.kept is not None:
                kept = {name: x for name, x in kept.items() if name in self.kept}
                misfits += [start + name for name in self._missing_or_misfit(p, kept)]
            for name in kept:
                del given[start + name]
            if kept:
                found[p] = {n: _in_dtype_of(p, x) if n != "step" else x for n, x in kept.items()}
        return found, misfits

    def _missing_or_misfit(self, p: Node, kept: dict[str, np.ndarray]) -> list[str]:
        """Name what is missing of a parameter's, and what cannot be of it."""
        wrong = sorted(self.needed - set(kept)) if kept else []
        for name, x in kept.items():
            shape, kinds = ((), "iuf") if name == "step" else (np.shape(p._data), "f")
            if x.shape != shape or x.dtype.kind not in kinds:
                wrong.append(name)
        return wrong

    def __repr__(self) -> str:
        names = options_of(type(self))
        shown = {n: [group[n] for group in self.param_groups] for n in names}
        rows = [f"{n}={x[0]!r}" if x == x[:1] * len(x) else f"{n}={x!r}" for n, x in shown.items()]
        groups = len(self.param_groups)
        inside = f" in {groups} groups" if groups > 1 else ""
        return (
            f"{type(self).__name__}({len(self.parameters)} parameters{inside}, {', '.join(rows)})"
        )

    def _moving(self, group: Group) -> Moving:
        """List a group's parameters that have a gradient, with its numbers."""
        moving = []
        for p in group["params"]:
            g = p.grad
            if g is not None:
                x = p._data
                if g.__class__ is not ndarray or g.dtype is not x.dtype or g.shape != x.shape:
                    g = self._fitted(p, g)
                moving.append((p, g))
        if group.get("maximize"):
            return [(p, -g) for p, g in moving]
        return moving

    def _fitted(self, p: Node, g: Any) -> Any:
        """Give a gradient in its parameter's dtype, or say that it has another shape."""
        if isinstance(g, Node):  # after backward(create_graph=True)
            g = g._data
        if np.shape(g) != np.shape(p._data):
            raise ShapeError(
                f"{type(self).__name__}: a gradient must have its parameter's shape.",
                expected=f"shape {np.shape(p._data)}, as {label(p)} has",
                got=f"shape {np.shape(g)}",
            )
        return _in_dtype_of(p, g)[()]

    def _refuse_to_stand(self) -> None:
        raise GradientError(
            f"{type(self).__name__}.step: no parameter has a gradient.",
            expected="a loss that depends on them, and loss.backward() before step()",
            got=f"grad is None for all of the {len(self.parameters)}",
            hint="backward() has not been called since they were made or zero_grad() was.",
        )


def _in_dtype_of(p: Node, x: Any) -> np.ndarray:
    return np.asarray(x, getattr(p._data, "dtype", float))


def subtract(changes: Iterable[tuple[Node, Any]]) -> None:
    """Move parameters: each ``p - change``, in a new array, which may be that of the change.

    A change has its parameter's dtype, as what `Optimizer.move` is given has.
    """
    for p, change in changes:
        if isinstance(change, Node):  # a program is traced
            assign(p, numbers_of(p) - change)
            continue
        x = p._data
        if x.__class__ is ndarray:
            rebind(p, np.subtract(x, change, change))
        else:
            assign(p, x - change)
