"""What does the user hold? A `Value`: numbers, their gradient, and where they came from.

A Value speaks NumPy's two protocols, so ``np.tanh(x @ w + b)`` works on Values as on arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, Never

import numpy as np

from . import calls, graph, ops
from .at import At
from .backward import NOTHING, backward_pass
from .calls import apply, call, plain, unrecorded
from .errors import GradientError, InPlaceError, NotAnArrayError, ShapeError, UnpicklableError
from .fitting import seed_for, zeros_for
from .graph import (
    Node,
    Step,
    ancestors,
    assign,
    is_float,
    is_recording,
    label,
    next_number,
    no_gradient_of,
    state,
)
from .methods import Methods
from .numbers import as_numbers
from .primitives import registry
from .words import Translated, not_taken


class Value(Methods, Translated):
    """A number or an array of numbers that remembers how it was computed.

    Parameters
    ----------
    data : float, int, array_like
        The numbers, copied. Python numbers and lists become floats; an array keeps its dtype.
    name : str, optional
        How pictures and messages call it.
    requires_grad : bool, optional
        Whether to compute its gradient; True by default for floats. Integers and bools have none.
    dtype : dtype_like, optional
        Converts the data, such as ``np.float32``.

    Attributes
    ----------
    data : float or ndarray
        The numbers. Assigning keeps shape and dtype, and is for leaves. Writing into the array
        itself, as in ``v.data[0] = 5``, cannot be noticed: assign after it, ``v.data = v.data``,
        and graphs that used the old numbers are known to be stale.
    grad : float, ndarray or None
        What `backward` found; None before that. A leaf's is the sum over all calls: set it to
        None, or let an optimizer's ``zero_grad()``, to begin anew.
    origin : Step or None
        The call that made this value; None for a leaf.

    Raises
    ------
    DTypeError
        If the data are no real numbers, or a gradient is asked for that cannot exist.
    ArgumentError
        If the data are Values, whose graph would be lost.
    TypeError
        If anything else is given; micrograd's words are told what they are called here.

    Examples
    --------
    >>> x, w, b = Value(2.0), Value(-3.0), Value(6.5)
    >>> y = (x * w + b).tanh()
    >>> y.backward()
    >>> print(f"{y:.4f} {w.grad:.4f}")
    0.4621 1.5729
    """

    __slots__ = ()

    def __init__(
        self,
        data: Any,
        *more: Never,
        name: str | None = None,
        requires_grad: bool | None = None,
        dtype: Any = None,
        **others: Never,
    ) -> None:
        if others or more:
            raise not_taken(more, others)
        floats = data.__class__ is float and dtype is None  # most leaves: no call is needed
        self._data = data = data if floats else as_numbers(data, dtype)
        floats = floats or is_float(data)
        if requires_grad and not floats:
            raise no_gradient_of("Value", data)
        self.grad = None
        self._cotangent = None
        self.fn = None
        self.args = ()
        self.kwargs = None
        self.number = next_number()
        self.scope = None
        self.name = name
        self._requires_grad = floats if requires_grad is None else bool(requires_grad)

    # What it holds

    @property
    def data(self) -> Any:
        if graph.tracers and state.tracer is not None:
            return state.tracer.held(self)
        data = self._data
        if self.fn is None or data.__class__ is not np.ndarray:
            return data
        view = data.view()  # of a computed Value: `y.data -= 1` must not falsify its graph
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, new: Any) -> None:
        if state.tracer is None or not isinstance(new, Node):
            new = plain(new)
        if new.__class__ is np.ndarray:
            if new is not self._data:
                new = new.copy()  # two Values on one array would change together at -=
        elif hasattr(new, "__array__") and not isinstance(new, Node | np.generic):
            new = as_numbers(new, None)  # another library's
        assign(self, new)

    @property
    def origin(self) -> Step | None:
        """The call that made this value: its function, operands, options and scope."""
        if self.fn is None:
            return None
        return Step(self.fn, self.args, dict(self.kwargs or {}), self.scope)

    @property
    def is_leaf(self) -> bool:
        """Whether no call made this value."""
        return self.fn is None

    @property
    def shape(self) -> tuple[int, ...]:
        data = self._data
        return data.shape if data.__class__ is np.ndarray else np.shape(data)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return getattr(self._data, "size", 1)

    @property
    def dtype(self) -> np.dtype:
        data = self._data
        return np.dtype(float) if data.__class__ is float else data.dtype

    @property
    def T(self) -> Value:
        return call(np.transpose, (self,), {})

    @property
    def mT(self) -> Value:  # NumPy's name
        return call(np.swapaxes, (self, -1, -2), {})

    @property
    def at(self) -> At:
        """Index as ``v.at[i].set(x)`` or ``v.at[i].add(x)``: a new Value, differentiable."""
        return At(self)

    def detach(self) -> Value:
        """Give a constant of the same numbers: no gradient flows through it."""
        if state.tracer is not None:
            return state.tracer.detached(self)
        data = self._data.copy() if isinstance(self._data, np.ndarray) else self._data
        constant = unrecorded(data)
        constant.name = self.name
        return constant

    def backward(
        self, gradient: Any = None, *, create_graph: bool = False, leaves_only: bool = False
    ) -> None:
        """Compute the gradient of this value with respect to all it depends on.

        Leaves add it to their ``.grad``; inner values hold that of this pass.

        Parameters
        ----------
        gradient : array_like, optional
            What each entry of this value is worth, in its shape; needed unless it is one number.
        create_graph : bool, default False
            Whether the gradients are Values that can be differentiated in turn. They refer to
            what they are gradients of, which frees both later; `mt.grad` makes no such circle.
        leaves_only : bool, default False
            Whether to keep no inner gradients, which saves their memory.

        Raises
        ------
        GradientError
            If this value is not one number and no gradient is given, or no gradient can flow.
        StaleValueError
            If a leaf was assigned to after the graph had used it.
        ShapeError
            If the gradient has another shape.

        Examples
        --------
        >>> x = Value([1.0, 2.0, 3.0])
        >>> (x * x).sum().backward()
        >>> x.grad
        array([2., 4., 6.])
        """
        self._check_backward(gradient, create_graph)

        tracer = state.tracer

        def take(order: list[Node]) -> None:
            for node in order:
                is_leaf = node.fn is None
                if leaves_only and not is_leaf:
                    continue
                g = node._cotangent
                if g is NOTHING:
                    g = zeros_for(node)
                if create_graph and not isinstance(g, Node):
                    g = unrecorded(g)
                if tracer is not None:
                    g = tracer.gradient(node, g, create_graph)
                    if not is_leaf:
                        continue
                had = node.grad if is_leaf else None
                if had is not None:
                    g = had + g if had.__class__ in (float, int) else _added_to(node, g)
                node.grad = g

        backward_pass(
            [self],
            [seed_for(self, gradient if create_graph else plain(gradient))],
            take,
            create_graph=create_graph,
            leaves_only=leaves_only,
        )

    def _check_backward(self, gradient: Any, create_graph: bool) -> None:
        if not self._requires_grad:
            reason = (
                "Its numbers are integers or bools, which no small step can change."
                if self.dtype.kind != "f"
                else "It was made from constants or integers, detached, "
                "or computed under mt.no_grad()."
            )
            raise GradientError(
                "backward: no gradient can flow from this value.",
                expected="a Value computed from a Value with requires_grad=True",
                got=f"{label(self)} that depends on none",
                hint=f"{reason}\nWrap in Value what you want gradients for.",
            )
        if create_graph and not is_recording():
            raise GradientError(
                "backward: create_graph=True records, and recording is paused here.",
                hint="Call it outside of mt.no_grad().",
            )
        if gradient is None:
            if self.size != 1:
                raise GradientError(
                    "backward: the output must be one number.",
                    expected="a scalar, such as a loss",
                    got=f"a Value of shape {self.shape}",
                    hint="Reduce it, as in v.sum().backward(), "
                    "or say what it is worth: v.backward(gradient).",
                )
        elif np.shape(gradient) != self.shape:
            raise ShapeError(
                "backward: the gradient must have the shape of the output.",
                expected=f"shape {self.shape}",
                got=f"shape {np.shape(gradient)}",
            )

    # NumPy's two protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__":
            out = kwargs.get("out")
            if out is not None and len(inputs) > 1 and out[0] is inputs[0]:
                raise ops.ufuncs.written_in_place(ufunc)
            return call(ufunc, inputs, kwargs)
        if method == "at":
            raise InPlaceError(
                f"np.{ufunc.__name__}.at would change a Value in place.",
                hint="Use x.at[i].add(value), which gives a new Value and is differentiable.",
            )
        return ops.ufuncs.method_of(ufunc, method)(*inputs, **kwargs)

    def __array_function__(self, fn: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        known = registry.get(fn)
        if known is not None and not kwargs and len(args) == known.arity:
            return apply(known, args, None)  # the shortest way, for most calls
        return call(fn, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise NotAnArrayError(
            "a Value is not an array: converting it would lose its graph.",
            hint="Use v.data for its numbers, or np.stack([...]) to join Values into one.",
        )

    # Indexing and iteration

    def __getitem__(self, index: Any) -> Value:
        return call(operator.getitem, (self,), {"index": index})

    def __setitem__(self, index: Any, value: Any) -> None:
        shown = index if isinstance(index, int | str) else "i"
        raise InPlaceError(
            "a Value cannot be assigned to by index.",
            hint=f"Use x.at[{shown}].set(value), which gives a new Value and is differentiable.",
        )

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a Value of one number has no length")
        return len(self._data)

    def __iter__(self) -> Iterator[Value]:
        if self.ndim == 0:
            raise TypeError("a Value of one number cannot be iterated over")
        return (self[i] for i in range(len(self)))

    def __contains__(self, number: Any) -> bool:
        return bool(np.any(self._numbers("in v") == plain(number)))

    def __repr__(self) -> str:
        grad = "—" if self.grad is None else _shown(plain(self.grad))
        name = "" if self.name is None else f", name={self.name!r}"
        return f"{type(self).__name__}(data={_shown(self._data)}, grad={grad}{name})"

    # Copies

    def __copy__(self) -> Value:
        data = self._data.copy() if isinstance(self._data, np.ndarray) else self._data
        grad = self.grad.copy() if isinstance(self.grad, np.ndarray) else self.grad
        return _restore(type(self), data, grad, self.name, self.requires_grad)

    def __deepcopy__(self, memo: dict) -> Value:
        for node in ancestors(self):  # oldest first, so that operands are there before their users
            if id(node) not in memo:
                data = node._data.copy() if isinstance(node._data, np.ndarray) else node._data
                grad = node.grad.copy() if isinstance(node.grad, np.ndarray) else node.grad
                twin = _restore(type(node), data, grad, node.name, node.requires_grad)
                twin.fn, twin.kwargs, twin.scope = node.fn, node.kwargs, node.scope
                twin.args = tuple(
                    memo.get(id(a), a) if isinstance(a, Node) else a for a in node.args
                )
                memo[id(node)] = twin
        return memo[id(self)]

    def __reduce__(self) -> tuple:
        if self.fn is not None:
            raise UnpicklableError(
                f"a Value computed by {self.fn.__name__} cannot be pickled without its graph.",
                hint="Pickle v.detach(), or the model whose parameters it depends on.",
            )
        return _restore, (type(self), self._data, plain(self.grad), self.name, self.requires_grad)


calls.value_class = Value


def _added_to(leaf: Node, g: Any) -> Any:
    """Add what a pass found to the gradient that a leaf had, which a user may have assigned."""
    grad, wanted = leaf.grad, np.shape(leaf._data)
    shape = grad.shape if grad.__class__ is np.ndarray else np.shape(plain(grad))
    if shape and shape != wanted:
        raise ShapeError(
            f"backward: {label(leaf)} had a .grad of another shape.",
            expected=f"None, a number, or shape {wanted}",
            got=f"shape {shape}",
            hint="Set v.grad = None to begin anew.",
        )
    return (grad if isinstance(grad, Node) else np.asarray(grad)) + g  # another library's, too


def _shown(x: Any) -> str:
    """Write a number as a number, whatever its dtype, and an array as NumPy does."""
    return str(x) if isinstance(x, np.generic) else repr(x)


def _restore(cls: Any, data: Any, grad: Any, name: str | None, requires_grad: bool) -> Value:
    """Make a leaf as it was, for copies and pickles."""
    value: Value = cls.__new__(cls)
    Value.__init__(value, data, name=name, requires_grad=requires_grad)
    value._data = data
    value.grad = grad
    return value
