"""Is a derivative right? It is compared with what differences of the function itself find.

Each gradient is held against differences in a random direction (the dot-product test: one
comparison that every entry takes part in) and entry by entry, so that a failure names its place.
Second derivatives are held against differences of the gradients.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import plain
from .checking import Checked, dtype_of, is_float_array
from .errors import ArgumentError
from .graph import Model, Node, rebind
from .nesting import leaves, models, paths, rebuild
from .verdicts import GradientCheck


def check_gradients(
    f: Callable,
    *args: Any,
    order: int = 2,
    rng: Any = 0,
    tolerance: float | None = None,
    raises: bool = True,
) -> GradientCheck:
    """Compare the gradients of a function with central differences.

    Parameters
    ----------
    f : callable
        Of the arguments; gives an array, a number, or any nesting of them, always the same.
    *args
        Where to check; nested structures are fine. Arguments that hold no floats are passed on
        as they are.
    order : {1, 2}, default 2
        2 checks the gradients' own gradients too.
    rng : int or Generator, default 0
        Where the random directions come from.
    tolerance : float, optional
        The greatest relative error; see the notes for what it is if not given.
    raises : bool, default True
        False gives the table whether or not all passed; its ``raise_if_wrong()`` raises.

    Returns
    -------
    GradientCheck
        A table, one row per array and order; true if all passed. ``worst`` is its worst row.

    Raises
    ------
    GradientCheckError
        If a derivative is wrong, or cannot be checked where the function jumps or is infinitely
        steep; the message has the numbers, the place and the table.
    ArgumentError
        If no argument holds floats, one holds a model, or f gives other numbers each time.

    Notes
    -----
    *Tolerance.* The best step of a central difference is eps^(1/3), and its error eps^(2/3): the
    tolerance is a hundred times that, 3.7e-9, relative to the gradient, and to what rounding may
    have added to the difference. Errors below about 4e-15 are not told from rounding. If f is
    less precise than float64, as its numbers very close together show, eps is its own precision,
    and the row says what it was held to.

    *Numbers.* Of a function that gives one number, the message has its derivatives. Several outputs
    are weighted with random numbers first, so that mistakes cannot cancel.

    *float32.* Differences of float32 numbers show three digits. So f is checked on a float64 copy,
    as above, and then the gradient it gives in float32 is compared with that in float64: within
    1000 eps, 1.2e-4 of the largest entry of all gradients, which leaves room for some hundred
    roundings in a row.
    If f takes no float64, differences of its float32 numbers have to do.

    *Kinks.* Where a function has two slopes, such as relu at 0, no difference agrees with a
    convention. A place is called a kink only if the slopes on both sides disagree and each settles
    as steps get shorter, down to 2e-10; the gradient passes if it lies between them, else it is
    WRONG. Beside a kink, steps get short enough not to reach it, and a wrong rule is wrong as
    anywhere. Entries at kinks have no second derivative, and are left out of its check.
    Where kinks of several operations meet, as in ``relu(x) - maximum(x, 0)`` at 0 or at ties in
    max pooling, right rules may add up to a gradient that is WRONG; the message says so if all is
    right with a little noise on the arrays.

    References
    ----------
    .. [1] Nocedal, Wright, *Numerical Optimization* (2006), section 8.1.

    Examples
    --------
    >>> check_gradients(np.tanh, np.array([0.3, -2.0])).passed
    True
    >>> check_gradients(np.abs, np.array([0.0, 1.0]))[0].verdict
    'kink'
    """
    _check_order(order)
    chosen = [i for i, a in enumerate(args) if _has_floats(a, f"argument {i}")]
    if not chosen:
        raise ArgumentError(
            "check_gradients: there is nothing to differentiate by.",
            expected="an argument that holds floats",
            got=", ".join(map(_kind_of, args)) or "no arguments",
            hint="Make integers floats: 3.0, or x.astype(float)." if args else None,
        )
    given = [leaf for i in chosen for leaf in leaves(args[i])]

    def run(inputs: list[Any]) -> Any:
        source = iter(inputs)
        return f(*(rebuild(a, source) if i in chosen else a for i, a in enumerate(args)))

    names = [f"argument {i}{path}" for i in chosen for path in paths(args[i])]
    checked = Checked("check_gradients", run, names, [plain(x) for x in given])
    result = checked.compare(order, np.random.default_rng(rng), tolerance)
    return result.raise_if_wrong() if raises else result


def check_model(
    model: Any,
    loss: Callable,
    x: Any,
    *targets: Any,
    order: int = 2,
    rng: Any = 0,
    tolerance: float | None = None,
    raises: bool = True,
) -> GradientCheck:
    """Compare the gradients of a model's loss, by every parameter and by its input.

    What is checked is a copy: the model keeps its numbers, gradients, buffers and mode, and the
    default generator goes on from where it was. How is said at `check_gradients`.

    Parameters
    ----------
    model : Module
        In the mode that it is to be checked in: ``train()`` or ``eval()``.
    loss : callable
        ``loss(model(x), *targets)`` gives the loss.
    x : array_like, or any nesting
        The input; floats are checked, too.
    *targets
        What the loss compares the output with.
    order, rng, tolerance, raises
        As for `check_gradients`.

    Returns
    -------
    GradientCheck
        A table, one row per parameter and order, by its path.

    Raises
    ------
    GradientCheckError
        If a derivative is wrong.
    ArgumentError
        If two forward passes disagree, as with dropout; the message names the layer.

    Examples
    --------
    >>> import microtensor as mt
    >>> net = mt.nn.MLP(2, [3, 1], activation="tanh", rng=0)
    >>> check = check_model(net, mt.losses.mse, np.ones((4, 2)), np.zeros((4, 1)))
    >>> [row.what for row in check][:3], check.passed
    (['layers.0.weight', 'layers.0.bias', 'layers.1.weight'], True)
    """
    _check_order(order)
    if not isinstance(model, Model):
        raise ArgumentError(
            "check_model: it takes a model, its loss, and what they are given.",
            expected="a Module, as in mt.check_model(net, losses.mse, x, y)",
            got=f"a {type(model).__name__}",
            hint="For a function, use mt.check_gradients(f, *args).",
        )
    twin: Any = copy.deepcopy(model)
    named = [(path, p) for path, p in twin.named_parameters() if p.requires_grad]
    x = np.asarray(x) if _is_list_of_numbers(x) else x  # one array, as a model takes it
    inputs = [plain(a) for a in leaves(x)]
    floats = [is_float_array(a) for a in inputs]
    names = [path for path, _ in named]
    names += [f"the input{p}" for p, is_one in zip(paths(x), floats, strict=True) if is_one]

    def run(given: list[Any]) -> Any:
        for (_, parameter), new in zip(named, given, strict=False):
            rebind(parameter, new._data)
        moved = iter(given[len(named) :])
        full = [next(moved) if is_one else a for a, is_one in zip(inputs, floats, strict=True)]
        kept = [_in_dtype_of(t, given[0]) for t in targets] if given else targets
        return loss(twin(rebuild(x, iter(full))), *kept)

    arrays = [p._data for _, p in named] + [
        a for a, is_one in zip(inputs, floats, strict=True) if is_one
    ]
    if not arrays:
        raise ArgumentError(
            "check_model: there is nothing to differentiate by.",
            expected="a model with parameters, or an input of floats",
            got=type(model).__name__,
        )
    checked = Checked("check_model", run, names, arrays, [p for _, p in named])
    result = checked.compare(order, np.random.default_rng(rng), tolerance)
    return result.raise_if_wrong("check_model") if raises else result


def _is_list_of_numbers(x: Any) -> bool:
    while isinstance(x, list) and x:
        x = x[0]
        if isinstance(x, float | int):
            return True
    return False


def _in_dtype_of(target: Any, like: Node) -> Any:
    """Convert targets that are floats, since losses compare like with like."""
    number = plain(target)
    if isinstance(number, np.ndarray) and number.dtype.kind == "f" and hasattr(like._data, "dtype"):
        return number.astype(like._data.dtype)
    return target


def _kind_of(argument: Any) -> str:
    kind = type(argument).__name__
    return f"{kind} of {argument.dtype}" if isinstance(argument, np.ndarray) else kind


def _check_order(order: int) -> None:
    if order not in (1, 2):
        raise ArgumentError("check_gradients: order must be 1 or 2.", got=f"{order}")


def _has_floats(argument: Any, name: str) -> bool:
    """Tell whether an argument holds floats; refuse those that differences show nothing of."""
    if found := models(argument):
        raise ArgumentError(
            f"check_gradients: {name} holds a model.",
            expected="arrays, in any nesting",
            got=type(found[0]).__name__,
            hint="Use mt.check_model(model, loss, x, y), which checks every parameter.",
        )
    numbers = [plain(x) for x in leaves(argument)]
    dtypes = [dtype_of(x) for x in numbers]
    if not any(dtype.kind == "f" for dtype in dtypes):
        return False
    for x, dtype in zip(numbers, dtypes, strict=True):
        if dtype.kind != "f" and type(x) is not int:
            raise ArgumentError(
                f"check_gradients: {name} must hold floats and nothing else.",
                expected="floats, beside which differences can be taken",
                got=f"{dtype}",
                hint="Convert it with .astype(float), or make it an argument of its own.",
            )
    return True
