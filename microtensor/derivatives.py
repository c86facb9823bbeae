"""Functions of functions: gradients, Jacobians and products with them, of any order.

Each takes a function of arrays and gives derivatives at the numbers it is called with. Arguments
and results may be nested in lists, tuples and dicts; a model counts as the dict of its parameters.

Inside, arguments are replaced by fresh Values. If the function also uses Values of the caller, or
is given some, the results stay connected to them: so derivatives nest, to any order.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import gradients
from .errors import ArgumentError, DisconnectedWarning, DTypeError, GradientError
from .fitting import zeros_for
from .graph import Node, ancestors, is_recording, recording
from .nesting import leaves, leaves_like, rebuild
from .value import Value


def grad(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """Give the function that computes the gradient of a scalar function.

    Parameters
    ----------
    f : callable
        Gives one number.
    argnums : int, or tuple or list of int, default 0
        With respect to which positional arguments; negative ones count from the end.

    Returns
    -------
    callable
        Of the same arguments; gives the gradient in the structure of that argument (a tuple of
        them for a tuple). Plain NumPy, unless ``f`` was given or uses Values that require a
        gradient: then Values, connected to them.

    Raises
    ------
    GradientError
        If ``f`` gives more than one number, or None.
    DTypeError
        If an argument holds integers where floats are needed.
    ArgumentError
        If ``argnums`` names an argument that was not given, or one twice.

    Examples
    --------
    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(grad(lambda x: x ** 3))(2.0)
    12.0
    >>> grad(lambda p, x: (p["w"] * x + p["b"]) ** 2)({"w": 3.0, "b": 1.0}, 2.0)
    {'w': 28.0, 'b': 14.0}
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """Give the function that computes a scalar function and its gradient in one pass.

    Parameters, gradient and errors are those of `grad`.

    Examples
    --------
    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        run = _Run(f, args, kwargs, argnums)
        run.only_output("grad")
        return run.release(), run.pull([1.0])

    return both


def vjp(f: Callable, *args: Any) -> tuple[Any, Callable]:
    """Compute a function, and the map from gradients of its output to those of its inputs.

    Parameters
    ----------
    f : callable
    *args
        Where to compute it.

    Returns
    -------
    y
        The output.
    pull : callable
        Takes a gradient in the structure of ``y``; gives those of all arguments, as a tuple.
        It can be called any number of times.

    Examples
    --------
    >>> y, pull = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    run = _Run(f, args, {}, tuple(range(len(args))))

    def pull(gradient: Any) -> Any:
        return run.pull(leaves_like(run.output, gradient, "vjp: the gradient"))

    return run.release(), pull


def jvp(f: Callable, primals: tuple, tangents: tuple) -> tuple[Any, Any]:
    """Compute a function and its derivative in a direction, forward mode.

    The map from gradients to gradients is linear, so its own transpose is the derivative: a VJP
    of the VJP needs no second set of rules.

    Parameters
    ----------
    f : callable
    primals : tuple
        The arguments.
    tangents : tuple
        The direction, in their structure and shapes.

    Returns
    -------
    (y, dy)
        The output, and how fast it changes in that direction.

    References
    ----------
    .. [1] Griewank, Walther, *Evaluating Derivatives* (2008), section 3.

    Examples
    --------
    >>> jvp(lambda x: x * x, (3.0,), (10.0,))
    (9.0, 60.0)
    """
    run, directions = _along("jvp", f, primals, tangents)
    with recording():
        dummies = [Value(zeros_for(o)) for o in run.outputs]
        pulled = gradients(run.outputs, run.inputs, dummies, create_graph=True)
    linear = [(p, t) for p, t in zip(pulled, directions, strict=True) if isinstance(p, Node)]
    change = gradients(
        [p for p, _ in linear], dummies, [t for _, t in linear], create_graph=run.connected
    )
    return run.release(), run.rebuild(run.shown(change))


def jacobian(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """Give the function that computes all partial derivatives of an array function.

    Parameters and errors are those of `grad`, except that ``f`` may give an array.

    Returns
    -------
    callable
        Of the same arguments; gives an array of the output's shape followed by the input's,
        ``J[i, j] = d f(x)[i] / d x[j]``, in the structure of the arguments.

    Examples
    --------
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    def compute(*args: Any, **kwargs: Any) -> Any:
        run = _Run(f, args, kwargs, argnums)
        output = run.only_output("jacobian", scalar=False)
        shape = np.shape(output._data)
        if 0 in shape:
            empty = [np.zeros(shape + x.shape, x.dtype) for x in run.inputs]
            return run.structure(run.shown(empty))
        rows = []
        for seed in np.eye(int(np.size(output._data)), dtype=output.dtype):
            rows.append(run.pull([np.reshape(seed, shape)]))
        return _stack_rows(rows, shape)

    return compute


def hessian(f: Callable, argnums: int = 0) -> Callable:
    """Give the function that computes all second derivatives of a scalar function.

    Returns
    -------
    callable
        Of the same arguments; gives an array of the input's shape twice,
        ``H[i, j] = d² f(x) / d x[i] d x[j]``.

    Examples
    --------
    >>> hessian(lambda x: x[0] * x[0] * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable, primals: tuple, tangents: tuple) -> Any:
    """Multiply the Hessian of a scalar function by a direction, without forming it.

    Parameters
    ----------
    f : callable
        Gives one number.
    primals, tangents : tuple
        The arguments, and the direction in their structure.

    Returns
    -------
    tuple
        How fast each argument's gradient changes in that direction, in their structure.

    References
    ----------
    .. [1] Pearlmutter, *Fast Exact Multiplication by the Hessian* (1994).

    Examples
    --------
    >>> hvp(lambda x: (x ** 3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    (array([  6., 120.]),)
    """
    run, directions = _along("hvp", f, primals, tangents)
    output = run.only_output("hvp")
    first = gradients([output], run.inputs, create_graph=True)
    along = [(g, t) for g, t in zip(first, directions, strict=True) if isinstance(g, Node)]
    second = gradients(
        [g for g, _ in along], run.inputs, [t for _, t in along], create_graph=run.connected
    )
    return run.structure(run.shown(second))


def _along(name: str, f: Callable, primals: Any, tangents: Any) -> tuple[_Run, list[Any]]:
    """Run a function, and list the direction to differentiate it in."""
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise ArgumentError(
                f"{name}: {what} must be a tuple, with one entry per argument of the function.",
                got=f"{type(given).__name__}",
                hint="For one argument, write (x,).",
            )
    run = _Run(f, tuple(primals), {}, tuple(range(len(primals))))
    return run, leaves_like(tuple(primals), tuple(tangents), f"{name}: the tangent")


class _Run:
    """One call of a function on fresh Values, and the way back through it."""

    def __init__(self, f: Callable, args: tuple, kwargs: dict, argnums: Any) -> None:
        self.argnums = argnums
        chosen = argnums if isinstance(argnums, tuple | list) else (argnums,)
        for n in chosen:
            if not -len(args) <= n < len(args):
                raise ArgumentError(
                    "argnums names an argument that was not given.",
                    expected=f"numbers from 0 to {len(args) - 1}, for {len(args)} positional",
                    got=f"{n}",
                )
        if len({n % len(args) for n in chosen}) != len(chosen):
            raise ArgumentError("argnums names an argument twice.", got=f"{argnums}")
        self.given = [args[n] for n in chosen]
        outer = is_recording()
        with recording():
            fresh = list(args)
            self.inputs: list[Value] = []
            for n, given in zip(chosen, self.given, strict=True):
                inputs = [_fresh(leaf) for leaf in leaves(given)]
                self.inputs.extend(inputs)
                fresh[n] = rebuild(given, iter(inputs), models=True)
            self.output = f(*fresh, **kwargs)
        if self.output is None:
            raise GradientError(
                "the function to differentiate gave None.",
                expected="a Value, or several in lists, tuples and dicts",
                hint="Does it return what it computes?",
            )
        self.outputs = [_as_output(leaf) for leaf in leaves(self.output)]
        # The results stay connected if the output depends on Values of the caller's. They are
        # Values also if it was given some on which it happens not to depend: a zero, say.
        self.connected = outer and self._uses_other_values()
        self.gives_values = self.connected or (outer and any(x.fn is not None for x in self.inputs))

    def _uses_other_values(self) -> bool:
        """Tell whether the result depends on Values of the caller's, so must stay connected."""
        mine = frozenset(x for x in self.inputs if x.fn is None)
        return any(
            node.fn is None and node not in mine
            for node in ancestors(*self.outputs, differentiable=True)
            if node.requires_grad
        )

    def only_output(self, name: str, scalar: bool = True) -> Value:
        if not isinstance(self.output, Node | np.ndarray | float | int | np.number) or (
            scalar and np.size(self.outputs[0]._data) != 1
        ):
            shape = "a " + type(self.output).__name__
            if len(self.outputs) == 1:
                shape = f"an output of shape {np.shape(self.outputs[0]._data)}"
            raise GradientError(
                f"{name}: the function must give {'one number' if scalar else 'one array'}.",
                expected="a scalar Value, such as a loss" if scalar else "a Value",
                got=shape,
                hint="Use mt.jacobian for an array, or mt.vjp for any structure."
                if scalar
                else "Use mt.vjp for nested outputs.",
            )
        return self.outputs[0]

    def pull(self, seeds: list[Any]) -> Any:
        shaped = [
            s if isinstance(s, Node) else np.broadcast_to(s, np.shape(o._data))
            for s, o in zip(seeds, self.outputs, strict=True)
        ]
        connected = self.connected or any(isinstance(s, Node) for s in seeds)
        found = gradients(self.outputs, self.inputs, shaped, create_graph=connected)
        return self.structure(self.shown(found, connected))

    def shown(self, found: list[Any], as_values: bool = False) -> list[Any]:
        """Give results as Values if the caller's own are involved, else as plain numbers."""
        if not (as_values or self.gives_values):
            return found
        return [x if isinstance(x, Node) else Value(x, requires_grad=False) for x in found]

    def structure(self, results: list[Any]) -> Any:
        """Give results, one per input, in the structure of the chosen arguments."""
        source = iter(results)
        parts = tuple(rebuild(given, source) for given in self.given)
        return parts if isinstance(self.argnums, tuple | list) else parts[0]

    def rebuild(self, results: list[Any]) -> Any:
        return rebuild(self.output, iter(results))

    def release(self) -> Any:
        """Give the output: Values if the caller's own are involved, else its numbers."""
        if self.gives_values:
            return self.rebuild(self.outputs)
        numbers = (o._data for o in self.outputs)
        # What a later pull needs must not change when the caller writes into the output.
        return self.rebuild([x.copy() if isinstance(x, np.ndarray) else x for x in numbers])


def _fresh(x: Any) -> Value:
    """Make the Value that stands for an argument: connected to the caller's if it is one."""
    if getattr(x, "is_parameter", False):
        return x  # a model computes with its own parameters
    if isinstance(x, Node):
        if x.requires_grad:
            return np.positive(x)  # type: ignore[call-overload]  # a Value of its own, connected
        x = x._data
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        x = float(x)
    value = Value(x)
    if not value.requires_grad:
        raise DTypeError(
            "an argument to differentiate by must hold floats.",
            expected="a float, or an array of floats",
            got=f"an array of dtype {value.dtype}",
            hint="Convert it with .astype(float), or leave it out of argnums.",
        )
    return value


def _as_output(x: Any) -> Value:
    if isinstance(x, Value):
        return x
    warnings.warn(
        f"the function gave {type(x).__name__}, not a Value: nothing connects it to its input, "
        "so its gradient is zero. float(x), x.data and x.item() leave the graph.",
        DisconnectedWarning,
        stacklevel=_frames_of_ours(),
    )
    return Value(x, requires_grad=False)


def _frames_of_ours() -> int:
    """Count the frames up to the user's line, which a warning is to show."""
    depth = 1
    while sys._getframe(depth).f_code.co_filename == __file__:
        depth += 1
    return depth


def _stack_rows(rows: list[Any], shape: tuple[int, ...]) -> Any:
    """Join the gradients of each output entry, in the structure of one of them."""
    columns = [leaves(row) for row in rows]
    joined = [
        np.reshape(np.stack(column), shape + np.shape(column[0]))
        for column in zip(*columns, strict=True)
    ]
    numbers = (x[()] if isinstance(x, np.ndarray) else x for x in joined)  # no arrays of rank 0
    return rebuild(rows[0], numbers)
