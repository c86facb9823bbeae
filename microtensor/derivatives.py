"""Functions of functions: gradients, Jacobians and products with them, of any order.

Each takes a function of arrays and gives derivatives at the numbers it is called with. Arguments
and results may be nested in lists, tuples and dicts; a model counts as the dict of its parameters.

Inside, arguments are replaced by fresh Values. If the function also uses Values of the caller, or
is given some, the results stay connected to them: so derivatives nest, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import gradients
from .errors import ArgumentError, GradientError
from .fitting import zeros_for
from .graph import Node, recording, state
from .nesting import leaves, leaves_like, models, rebuild
from .running import Run
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
        gradient, such as a model's parameters: then Values, connected to them. Within
        `no_grad` they are plain always.

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

    def compute(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return _of("grad", f, compute)


def value_and_grad(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """Give the function that computes a scalar function and its gradient in one pass.

    Parameters, gradient and errors are those of `grad`.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    if not callable(f):
        raise ArgumentError(
            "grad: it takes a function, and gives the function that is its gradient.",
            expected="a function, as in mt.grad(f)(x); for a Value y, y.backward() sets x.grad",
            got=f"a {type(f).__name__}",
        )

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        run = Run(f, args, kwargs, argnums)
        run.only_output("grad")
        return run.release(), run.pull([1.0])

    return _of("value_and_grad", f, both)


def _of(name: str, f: Callable, compute: Callable) -> Callable:
    """Have a function's derivative say whose it is, and take arguments of the same names."""
    compute.__name__ = compute.__qualname__ = f"{name}_of_{getattr(f, '__name__', 'f')}"
    compute.__wrapped__ = f  # type: ignore[attr-defined]  # Python's own mark
    return compute


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
    run = Run(f, args, {}, tuple(range(len(args))))

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
        run = Run(f, args, kwargs, argnums)
        output = run.only_output("jacobian", scalar=False)
        shape = np.shape(output._data)
        if 0 in shape:
            empty = [np.zeros(shape + x.shape, x.dtype) for x in run.inputs]
            return run.structure(run.shown(empty))
        if run.connected or state.tracer is not None:
            seeds = np.eye(int(np.size(output._data)), dtype=output.dtype)
            return _stack_rows([run.pull([np.reshape(seed, shape)]) for seed in seeds], shape)
        whole = [np.reshape(rows, shape + rows.shape[1:])[()] for rows in run.rows()]
        return run.structure(run.shown(whole))

    return compute


def hessian(f: Callable, argnums: int = 0) -> Callable:
    """Give the function that computes all second derivatives of a scalar function.

    Returns
    -------
    callable
        Of the same arguments; gives an array of the input's shape twice,
        ``H[i, j] = d² f(x) / d x[i] d x[j]``.

    Raises
    ------
    ArgumentError
        If ``argnums`` names several arguments.
    GradientError
        If the argument is not one array; and as for `grad`.

    Examples
    --------
    >>> hessian(lambda x: x[0] * x[0] * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    if isinstance(argnums, tuple | list):
        raise ArgumentError(
            "hessian: argnums must be the number of one argument.",
            got=f"{argnums!r}",
            hint="The block of arguments i and j is mt.jacobian(mt.grad(f, i), j).",
        )
    block = jacobian(grad(f, argnums), argnums)

    def compute(*args: Any, **kwargs: Any) -> Any:
        nested = [x for x in args[argnums:][:1] if isinstance(x, list | tuple | dict)]
        if nested or models(args[argnums:][:1]):
            raise GradientError(
                "hessian: the argument to differentiate by must be one array.",
                got=f"a {type(args[argnums]).__name__}",
                hint="Put its numbers in one array; or use mt.hvp, which takes any nesting.",
            )
        return block(*args, **kwargs)

    return compute


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


def _along(name: str, f: Callable, primals: Any, tangents: Any) -> tuple[Run, list[Any]]:
    """Run a function, and list the direction to differentiate it in."""
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise ArgumentError(
                f"{name}: {what} must be a tuple, with one entry per argument of the function.",
                got=f"{type(given).__name__}",
                hint="For one argument, write (x,).",
            )
    run = Run(f, tuple(primals), {}, tuple(range(len(primals))))
    return run, leaves_like(tuple(primals), tuple(tangents), f"{name}: the tangent")


def _stack_rows(rows: list[Any], shape: tuple[int, ...]) -> Any:
    """Join the gradients of each output entry, in the structure of one of them."""
    columns = [leaves(row) for row in rows]
    joined = [
        np.reshape(np.stack(column), shape + np.shape(column[0]))
        for column in zip(*columns, strict=True)
    ]
    numbers = (x[()] if isinstance(x, np.ndarray) else x for x in joined)  # no arrays of rank 0
    return rebuild(rows[0], numbers)
