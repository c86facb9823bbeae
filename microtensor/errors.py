"""Every exception of the library. Each docstring is a page of the manual.

A message says what was wrong, then what was expected, what was got, and what to do::

    ShapeError: cross_entropy: labels must hold one class per row of logits.
      expected  labels of shape (32,), since logits has shape (32, 10)
      got       labels of shape (32, 1)
      If there is one label per row, pass labels[:, 0].

Each class also derives from the built-in exception that it is, so ``except ValueError`` works.
"""

from __future__ import annotations


class MicrotensorError(Exception):
    """What every error of this library is; catch it to catch them all.

    Parameters
    ----------
    problem : str
        One sentence: where, and what is wrong.
    expected, got : str, optional
        What would have been right, and what was there instead.
    hint : str, optional
        What to do; one sentence or several lines.
    """

    def __init__(
        self,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        lines = [problem]
        if expected is not None:
            lines.append(f"  expected  {expected}")
        if got is not None:
            lines.append(f"  got       {got}")
        if hint is not None:
            lines.extend(f"  {line}" for line in hint.splitlines())
        super().__init__("\n".join(lines))


class ArgumentError(MicrotensorError, ValueError):
    """An argument has a value that the function cannot work with.

    >>> import microtensor as mt
    >>> mt.optim.SGD([mt.Value(1.0)], lr=-1)
    Traceback (most recent call last):
    ...
    microtensor.errors.ArgumentError: SGD: lr must not be negative.
      expected  a number of at least 0
      got       -1

    A negative learning rate would climb the loss. Give ``lr=0.1``.
    """


class ShapeError(MicrotensorError, ValueError):
    """Shapes do not fit together, and no guess would be safe.

    >>> import numpy as np, microtensor as mt
    >>> mt.losses.mse(mt.Value(np.zeros((4, 1))), np.zeros(4))
    Traceback (most recent call last):
    ...
    microtensor.errors.ShapeError: mse: prediction and target must have one shape.
      expected  a target of shape (4, 1), like the prediction
      got       a target of shape (4,)
      Broadcasting them would compare every prediction with every target: pass target[:, None].

    NumPy would have made a (4, 4) matrix of differences, and the model would learn the mean.
    """


class DTypeError(MicrotensorError, TypeError):
    """A kind of number was given that has no gradient, or that cannot be a number at all.

    >>> import numpy as np, microtensor as mt
    >>> mt.Value(np.array([1, 2]), requires_grad=True)
    Traceback (most recent call last):
    ...
    microtensor.errors.DTypeError: Value: only floats have gradients.
      expected  requires_grad=False, or data of a floating dtype
      got       requires_grad=True for data of dtype int64
      Pass dtype=float to make the data floats.

    An integer cannot move by a small step, so no derivative exists.
    """


class NotAnArrayError(MicrotensorError, TypeError):
    """A Value was used where NumPy wants a plain array.

    >>> import numpy as np, microtensor as mt
    >>> np.asarray(mt.Value([1.0, 2.0]))
    Traceback (most recent call last):
    ...
    microtensor.errors.NotAnArrayError: a Value is not an array: converting it would lose its graph.
      Use v.data for its numbers, or np.stack([...]) to join Values into one.

    A silent conversion would cut the graph: gradients would be missing further down.
    """


class MissingRuleError(MicrotensorError, TypeError):
    """A function was called on a Value, and the library has no derivative for it.

    >>> import microtensor as mt
    >>> @mt.primitive
    ... def half(x):
    ...     return x / 2
    >>> half(mt.Value(1.0))
    Traceback (most recent call last):
    ...
    microtensor.errors.MissingRuleError: half has no derivative rule.
      If you know it, add it in one line, with g the gradient of the output y:
          mt.differentiable(half, lambda g, y, x: g * ...)
      If it is not to be differentiated, call it on v.data.
    """


class GradientError(MicrotensorError, RuntimeError):
    """A gradient was asked for where there is none, or where it is not one number per input.

    >>> import microtensor as mt
    >>> x = mt.Value([1.0, 2.0])
    >>> (x * x).backward()
    Traceback (most recent call last):
    ...
    microtensor.errors.GradientError: backward: the output must be one number.
      expected  a scalar, such as a loss
      got       a Value of shape (2,)
      Reduce it, as in v.sum().backward(), or say what it is worth: v.backward(gradient).
    """


class StaleValueError(MicrotensorError, RuntimeError):
    """A Value was changed after it was used, so the recorded numbers are no longer those used.

    >>> import microtensor as mt
    >>> w = mt.Value(3.0, name="w")
    >>> loss = w * w
    >>> w.data -= 0.1
    >>> loss.backward()
    Traceback (most recent call last):
    ...
    microtensor.errors.StaleValueError: backward: w was changed after multiply had used it.
      Its old numbers are gone, and the chain rule needs them.
      Run the forward pass again after an update, then call backward.

    The chain rule multiplies by the numbers of the forward pass. Here ``w`` is needed, and it
    is not there any more. Compute ``loss`` again after the update.
    """


class AnomalyError(MicrotensorError, RuntimeError):
    """An operation turned finite numbers into NaN or infinity, while somebody watched for it.

    >>> import numpy as np, microtensor as mt
    >>> x = mt.Value([0.0, 4.0], name="x")
    >>> with mt.detect_anomaly():
    ...     np.sqrt(x).sum().backward()
    Traceback (most recent call last):
    ...
    microtensor.errors.AnomalyError: backward: the rule of numpy.sqrt gave inf in 1 of 2 entries, for x.
      from       a gradient of shape (2,), from 1 to 1
      called at  <doctest ...>:2
                 np.sqrt(x).sum().backward()
      of         x of shape (2,), from 0 to 4
      The slope of the root at 0 is infinite, and so is that of norms and standard deviations
      made with it. Add a small number under the root: np.sqrt(x + 1e-12).

    NaN and infinity spread: the loss shows them long after they were made. Here the root's slope
    at 0 is infinite, which one step of training turns into infinite parameters, and the next into
    NaN. ``np.sqrt(x + 1e-12).sum().backward()`` is finite.
    """  # noqa: E501  # the message is one line


class InPlaceError(MicrotensorError, TypeError):
    """A Value was to be changed in place, which would falsify the graph that recorded it.

    >>> import microtensor as mt
    >>> x = mt.Value([1.0, 2.0])
    >>> x[0] = 5.0
    Traceback (most recent call last):
    ...
    microtensor.errors.InPlaceError: a Value cannot be assigned to by index.
      Use x.at[0].set(value), which gives a new Value and is differentiable.
    """


class ParameterError(MicrotensorError, TypeError):
    """Something that should be trained is not a Parameter, or a state does not fit a model.

    >>> import microtensor as mt
    >>> mt.optim.SGD([], lr=0.1)
    Traceback (most recent call last):
    ...
    microtensor.errors.ParameterError: SGD: there is nothing to train.
      expected  at least one Parameter
      got       an empty list
      A module finds its own: attributes made by nn.Parameter(...), and other modules.
    """


class DependencyError(MicrotensorError, ImportError):
    """Something outside of this library is needed and not installed; the message names it."""


class FileFormatError(MicrotensorError, ValueError):
    """A file is not what its name or its place promises; nothing was changed.

    >>> import pathlib, microtensor as mt
    >>> _ = pathlib.Path("flowers.csv").write_text("length,width\\n5.1,3.5\\n4.9,three\\n")
    >>> mt.data.read_csv("flowers.csv")
    Traceback (most recent call last):
    ...
    microtensor.errors.FileFormatError: flowers.csv, line 3, column 2 (width): this is no number.
      expected  a number, such as 5.1 or -3e-4
      got       'three'

    Weights, images and tables come from anywhere: cut off by a full disk, or made to do harm. What
    a file says of itself is checked before it is believed, and what could run is never read.
    """


class GraphTooLargeError(MicrotensorError, ValueError):
    """A graph is too large to be read as a picture; the message names ways to draw a part."""


class GradientCheckError(MicrotensorError, AssertionError):
    """A derivative differs from what an independent method finds; the message has the numbers."""


class DisconnectedWarning(UserWarning):
    """The output of a differentiated function is a plain number: nothing leads to the input.

    It happens when a function leaves the graph by ``float(x)``, ``x.data`` or ``x.item()``.
    The gradient is then zero, which is seldom what was meant.
    """


class MissingEngineError(DependencyError):
    """A picture is to be laid out, and there is no Graphviz on this machine.

    >>> import microtensor as mt
    >>> mt.draw(loss).save("loss.svg")                                  # doctest: +SKIP
    Traceback (most recent call last):
    ...
    microtensor.errors.MissingEngineError: Drawing needs Graphviz, and there is none on this machine.
      expected  the program dot of Graphviz, or the Python package graphviz-pure
      got       neither
      Install one of them: pip install "microtensor[draw]", or apt-get install graphviz
      (brew, conda, dnf and winget have it too). Until then, .save('graph.dot') works.

    ``.save("loss.dot")`` writes the graph's text, which needs no Graphviz.
    """  # noqa: E501  # the message is one line


class DrawingError(MicrotensorError, RuntimeError):
    """The program that lays out pictures could not write one; the message has its own words."""


class CompileError(MicrotensorError, RuntimeError):
    """A function cannot be written as a program, since what it does depends on its numbers.

    >>> import numpy as np, microtensor as mt
    >>> @mt.compile
    ... def steps(x):
    ...     return x if x.sum() > 0 else -x
    >>> steps(np.ones(3))
    Traceback (most recent call last):
    ...
    microtensor.errors.CompileError: steps: a number of the program decides what is computed.
      expected  np.where(condition, a, b), which computes both and takes one
      got       if, while, and, or, not, max, min or sorted, of a Value of shape ()
      A program is written once for all numbers, so Python cannot ask for one while it is written.

    Write ``np.where(x.sum() > 0, x, -x)``. Shapes and Python's own numbers may be asked freely.
    """


class CompileWarning(UserWarning):
    """A function runs as plain Python after all, or is written as a program again and again.

    The first comes with ``fallback=True``: the message says what kept it from being compiled. The
    second is seen where each call has other shapes, or other whole numbers among its arguments:

    >>> import numpy as np, microtensor as mt
    >>> f = mt.compile(lambda x, n: x * n)
    >>> [float(f(np.ones(1), n)[0]) for n in range(3)], len(f.programs)
    ([0.0, 1.0, 2.0], 3)

    A whole number decides what is computed, so each has a program. Give ``float(n)``, which is a
    number like those in arrays; and pad batches to a few sizes.
    """


class UnpicklableError(MicrotensorError, TypeError):
    """A Value that was computed was to be pickled, and its graph is no part of it.

    >>> import pickle, microtensor as mt
    >>> pickle.dumps(mt.Value(1.0) * 2)
    Traceback (most recent call last):
    ...
    microtensor.errors.UnpicklableError: a Value computed by multiply cannot be pickled without its graph.
      Pickle v.detach(), or the model whose parameters it depends on.

    Functions in a graph may be anybody's. Numbers, leaves and models travel; graphs are made again.
    """  # noqa: E501  # the message is one line
