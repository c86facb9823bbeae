"""What does a model hold? Parameters, which are trained, and buffers, which are only kept."""

from __future__ import annotations

from typing import Any

from ..errors import InPlaceError
from ..graph import label
from ..value import Value


class Parameter(Value):
    """A Value that a module trains: as an attribute, ``parameters()`` finds it.

    Parameters
    ----------
    data : float, int, array_like
        Its first numbers, copied; an array keeps its dtype.
    name : str, optional
        How pictures and messages call it; its path in the model, such as ``layers.0.weight``,
        if not given.
    requires_grad : bool, default True
        False freezes it: it is kept with the model, and no gradient flows to it.
    dtype : dtype_like, optional
        Converts the data, such as ``np.float32``.

    Raises
    ------
    DTypeError
        If the data are integers or bools, which no small step can change.
    InPlaceError
        At ``p -= ...``, which would make a new Value that nobody trains.

    Examples
    --------
    >>> p = Parameter([1.0, 2.0])
    >>> p.data -= 0.5                            # in place of p -= 0.5
    >>> p
    Parameter(data=array([0.5, 1.5]), grad=—)
    """

    __slots__ = ()
    is_parameter = True  # by which the core knows one when it meets it

    def __init__(
        self,
        data: Any,
        *,
        name: str | None = None,
        requires_grad: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__(data, name=name, requires_grad=requires_grad, dtype=dtype)

    def _refuse_in_place(self) -> None:
        raise InPlaceError(
            f"{label(self)}: an operator such as -= cannot change a Parameter.",
            hint="It would make a new Value, which no module holds and no optimizer trains.\n"
            "Write p.data -= lr * p.grad, or use an optimizer such as optim.SGD.",
        )


class Buffer(Value):
    """An array that belongs to a model's state and is not trained, such as a running mean.

    ``state_dict()`` keeps it and ``load_state_dict()`` restores it. It changes by assigning to
    ``.data``, as a parameter does. An array that never changes needs no Buffer: a plain NumPy
    attribute is a constant.

    Parameters
    ----------
    data : float, int, array_like
        Its first numbers, copied; an array keeps its dtype, integers too.
    name : str, optional
    dtype : dtype_like, optional

    Examples
    --------
    >>> mean = Buffer([0.0, 0.0])
    >>> mean.data = 0.9 * mean.data + 0.1
    >>> mean.data, mean.requires_grad
    (array([0.1, 0.1]), False)
    """

    __slots__ = ()

    def __init__(self, data: Any, *, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(data, name=name, requires_grad=False, dtype=dtype)
