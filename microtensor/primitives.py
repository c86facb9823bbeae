"""Which functions do we know?

A function is any callable that dispatches on its arguments as NumPy's do. Six words say what is
known of it, and each word is one call::

    differentiable(np.tanh, lambda g, y, x: g * (1 - y * y))   # recorded; one rule per array
    composite(np.var)(body)                                    # rewritten with other functions
    piecewise(np.sign, np.argmax)                              # recorded; its derivative is zero
    static(np.shape, np.zeros_like)                            # answered from shape and dtype
    unsupported(reason, np.roots)                              # refused, with the reason
    @primitive                                                 # a function that NumPy lacks

In a rule ``g`` is the gradient of the output, ``y`` the output, and the inputs follow in order.
Options follow the inputs by their names (``axis``, ``keepdims``), bound to NumPy's own defaults.
Rules are plain NumPy. Shown arrays they compute a gradient; shown Values they are recorded, which
is how second derivatives come about. They never undo broadcasting: ``backward.py`` does, once.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from .dispatching import primitive as primitive
from .errors import ArgumentError, MissingRuleError
from .learning import Registry
from .signatures import name_of as name_of
from .signatures import parameters_of, signature_of

Rule = Callable[..., Any]
_NOT_GIVEN = object()
_HARMLESS = {"dtype", "order", "casting", "subok", "copy", "mode"}  # seen by the forward pass only


class Known:
    """What is known of one function.

    Attributes
    ----------
    fn : callable
        The function as users call it; the key of the registry.
    word : {"differentiable", "composite", "piecewise", "static", "unsupported"}
    forward : callable
        Computes the output from plain arrays.
    rules : tuple of callable or None
        One per array operand; None where the function is not differentiable in that operand.
        A variadic function has one rule, which is told the operand's position after ``y``.
    wanted : tuple of tuple of str
        The options each rule wants to see.
    plain_rules : tuple or None
        The rules, where there is one per operand and none wants options.
    keeps : bool or "constant"
        Whether ``forward`` returns ``(y, kept)``. The rule is given ``kept``; shown Values, None:
        it derives it from its inputs then. A constant, such as a random draw, is always given.
    reason : str
        Why an unsupported function is so, and what to use instead.
    stands_for, together, in_place : callable or None
        What the words of these names were given.
    """

    __slots__ = (
        "_accepted", "_signature", "arity", "body", "fn", "forward", "in_place", "keeps",
        "plain_rules", "reason", "rules", "stands_for", "together", "variadic", "wanted", "word",
    )  # fmt: skip

    def __init__(
        self, fn: Callable, word: str, rules: tuple = (), *, variadic: bool = False
    ) -> None:
        self.fn, self.word, self.rules, self.variadic = fn, word, rules, variadic
        self.keeps = getattr(fn, "__keeps__", False)
        self.stands_for: Callable | None = None
        self.together: Rule | None = None
        self.in_place: Rule | None = None
        self.body: Callable | None = None
        self.reason = ""
        self.arity = len(rules) if word == "differentiable" and not variadic else None
        self.wanted = tuple(self._options_of(rule) for rule in rules)
        self.plain_rules = rules if self.arity is not None and not any(self.wanted) else None
        self.computed_by(getattr(fn, "__wrapped_primitive__", fn))

    def computed_by(self, forward: Callable) -> None:
        """Say what computes the output, for an operator whose options have no names."""
        self.forward = forward
        self._signature: tuple[list[str], dict[str, Any]] | None = None  # read when it is needed
        self._accepted: set[str] | None = None  # likewise

    @property
    def names(self) -> list[str]:
        """The names of the function's parameters, in order."""
        self._signature = self._signature or signature_of(self.forward)
        return self._signature[0]

    @property
    def defaults(self) -> dict[str, Any]:
        """What the parameters are that are not given."""
        self._signature = self._signature or signature_of(self.forward)
        return self._signature[1]

    @property
    def accepted(self) -> set[str]:
        """The options that may be given: those that a rule sees, and those that none needs."""
        if self._accepted is None:
            more = () if hasattr(self.fn, "__wrapped_primitive__") else _HARMLESS
            self._accepted = (set(self.names) - self.defaults.keys()).union(*self.wanted, more)
        return self._accepted

    def _options_of(self, rule: Rule | None) -> tuple[str, ...]:
        if rule is None:
            return ()
        positional, by_keyword, _ = parameters_of(rule)
        return by_keyword if self.variadic else (positional + by_keyword)[2 + len(self.rules) :]

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any] | None]:
        """Split a call into its array operands, in order, and its options by name."""
        arity = self.arity
        few = arity is None and (self.word != "piecewise" or len(args) < 3)  # too few for out=
        if not kwargs and (few or len(args) == arity):
            return args, None
        # np._NoValue is NumPy's word for an option that was not given.
        options = {n: x for n, x in kwargs.items() if x is not np._NoValue}
        if len(args) == arity and options.keys() <= self.accepted:
            return args, options or None
        if arity is not None:
            beyond = zip(self.names[arity:], args[arity:], strict=False)
            options.update((n, x) for n, x in beyond if x is not np._NoValue)
            missing = self.names[len(args) : arity]
            args = (*args[:arity], *(options.pop(n, self.defaults.get(n)) for n in missing))
        elif self.word == "piecewise":
            place = self.names.index("out") if "out" in self.names else len(args)
            if len(args) > place:
                self.refuse_unless_default("out", args[place])
                options.update(zip(self.names[place + 1 :], args[place + 1 :], strict=False))
                args = args[:place]
            for name in {"out", "where"} & options.keys():
                self.refuse_unless_default(name, options.pop(name))
            return args, options
        for name in [n for n in options if n not in self.accepted]:
            self.refuse_unless_default(name, options.pop(name))
        return args, options or None

    def refuse_unless_default(self, name: str, given: Any) -> None:
        default = self.defaults.get(name, _NOT_GIVEN)
        if given is None or given is default or (name == "where" and given is True):
            return
        if name == "out":
            raise ArgumentError(
                f"{name_of(self.fn)}: out= would overwrite an array that a graph may need.",
                hint="Leave it out: the result is a new Value.",
            )
        if self.names and name not in self.names and "kwargs" not in self.names:
            others = ", ".join(n for n in self.names if n in self.defaults)
            raise TypeError(f"{name_of(self.fn)} has no option {name}=; it has {others or 'none'}")
        raise missing_option(self.fn, f"{name}=")

    def options_for(self, position: int, options: dict[str, Any] | None) -> dict[str, Any]:
        """Give the options that the rule at this position wants, with NumPy's defaults."""
        wanted = self.wanted[position]
        if not wanted:
            return {}
        given = options or {}
        return {name: given[name] if name in given else self.defaults[name] for name in wanted}


registry: Registry[Known] = Registry()


def known(fn: Callable) -> Known | None:
    """Tell what is known of a function, or None.

    >>> import numpy as np
    >>> known(np.tanh).word
    'differentiable'
    """
    if fn in registry:
        return registry[fn]
    return None


def differentiable(fn: Callable, *rules: Rule | None, variadic: Rule | None = None) -> Callable:
    """Give a function its derivative: one rule per array argument.

    Parameters
    ----------
    fn : callable
        A NumPy function, or one made by `primitive`.
    *rules : callable or None
        ``rule(g, y, *inputs, *options)`` gives the gradient of one input; None where the function
        is not differentiable in it (an index, a condition). Rules are written in plain NumPy.
    variadic : callable, optional
        Instead of ``rules``, for a function of any number of arrays:
        ``rule(g, y, position, *inputs, **options)``.

    Returns
    -------
    callable
        ``fn`` itself.

    Raises
    ------
    ArgumentError
        If the function is known already, or is a plain one that nothing dispatches, or no rule
        is given.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> @mt.primitive
    ... def cube(x):
    ...     return x * x * x
    >>> _ = mt.differentiable(cube, lambda g, y, x: g * 3 * x * x)
    >>> float(mt.grad(cube)(2.0))
    12.0
    """
    if isinstance(fn, FunctionType) and not hasattr(fn, "__wrapped_primitive__"):
        raise ArgumentError(
            f"differentiable: {name_of(fn)} is a plain function, whose calls nobody sees.",
            expected="a function of NumPy's, or one made by @mt.primitive",
            got="a function that computes with Values as it does with arrays",
            hint="Put @mt.primitive above its definition; then its rule is used.",
        )
    if variadic is not None and not rules:
        return _register(Known(fn, "differentiable", (variadic,), variadic=True))
    if variadic is not None or not rules:
        raise ArgumentError(
            f"differentiable: {name_of(fn)} needs its rules.",
            expected="one rule per array argument, or variadic=rule",
            got=f"{len(rules)} rules" + ("" if variadic is None else " and variadic="),
        )
    return _register(Known(fn, "differentiable", rules))


def composite(fn: Callable) -> Callable[[Callable], Callable]:
    """Say what a function is in terms of others, so that there is nothing to derive.

    >>> import numpy as np
    >>> @composite(np.square)
    ... def square(x):
    ...     return x * x
    Traceback (most recent call last):
    ...
    microtensor.errors.ArgumentError: numpy.square is known already, as differentiable.
    """

    def learn(body: Callable) -> Callable:
        entry = Known(fn, "composite")
        positional, by_keyword, takes_any = parameters_of(body)
        names = positional + by_keyword
        place_of_out = positional.index("out") if "out" in positional else None

        @functools.wraps(body)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if place_of_out is not None and len(args) > place_of_out:
                entry.refuse_unless_default("out", args[place_of_out])
            for name in list(kwargs):
                if name == "out" or (name not in names and not takes_any):
                    entry.refuse_unless_default(name, kwargs.pop(name))
            return body(*args, **kwargs)

        entry.body = checked
        _register(entry)
        return body

    return learn


def piecewise(*fns: Callable) -> None:
    """Name functions whose derivative is zero wherever it exists; calls are still recorded."""
    for fn in fns:
        _register(Known(fn, "piecewise"))


def static(*fns: Callable) -> None:
    """Name functions that look at shape and dtype only; calls are answered, not recorded."""
    for fn in fns:
        _register(Known(fn, "static"))


def unsupported(reason: str, *fns: Callable) -> None:
    """Name functions that will have no rule here, with a sentence that says why, and what to use.

    >>> unsupported("It needs complex numbers; use np.abs.", np.abs)
    Traceback (most recent call last):
    ...
    microtensor.errors.ArgumentError: numpy.absolute is known already, as differentiable.
    """
    for fn in fns:
        entry = Known(fn, "unsupported")
        entry.reason = reason
        _register(entry)


def stands_for(fn: Callable) -> Callable[[Callable], Callable]:
    """Name the composite that a fused function stands for; readers may show it instead."""

    def learn(body: Callable) -> Callable:
        registry[fn].stands_for = body
        return body

    return learn


def together(fn: Callable) -> Callable[[Rule], Rule]:
    """Add one rule for all operands of a function, for plain arrays: where they share their work.

    ``rule(g, y, wanted, *inputs, *options)`` gives a list of contributions; ``wanted`` has bools.
    What it gives for one that is not wanted, or has no rule, is not looked at.
    """

    def learn(rule: Rule) -> Rule:
        entry = registry[fn]
        entry.wanted += (parameters_of(rule)[0][3 + len(entry.rules) :],)
        entry.together, entry.plain_rules, entry._accepted = rule, None, None
        return rule

    return learn


def in_place(fn: Callable, rule: Rule) -> None:
    """Add to a function of one operand a rule that writes into ``g``, if nobody else holds it."""
    registry[fn].in_place = rule


def missing_rule(fn: Callable) -> MissingRuleError:
    """Build the error for a function that has no rule, or will have none."""
    name = name_of(fn)
    if fn in registry:
        reason = registry[fn].reason
        if "v.data" not in reason and "v.numpy()" not in reason:
            reason += "\nIf it is not to be differentiated, call it on v.data."
        return MissingRuleError(f"{name} is not supported on Values.", hint=reason)
    inputs, how, more = _inputs_of(fn), "it in one line", ""
    if len(inputs) > 1:
        how, more = "one rule per array", ", ..."
    return MissingRuleError(
        f"{name} has no derivative rule.",
        hint=f"If you know it, add {how}, with g the gradient of the output y:\n"
        f"    mt.differentiable({name.replace('numpy.', 'np.')}, "
        f"lambda g, y, {', '.join(inputs)}: g * ...{more})\n"
        "If it is not to be differentiated, call it on v.data.",
    )


def _inputs_of(fn: Callable) -> tuple[str, ...]:
    """Name the arrays of a function of which nothing is known, for an example of its rule."""
    if isinstance(fn, np.ufunc):
        return tuple("abcdefgh"[: fn.nin]) if fn.nin > 1 else ("x",)
    names, defaults = signature_of(getattr(fn, "__wrapped_primitive__", None) or fn)
    return tuple(name for name in names if name not in defaults) or ("x",)


def missing_option(fn: Callable, option: str) -> MissingRuleError:
    """Build the error for an option that changes a function into one without a rule."""
    hint = "Compute the same from functions that are known, or call it on v.data."
    if _is_a_users(fn) and registry[fn].word == "differentiable":
        name = option.partition("=")[0]
        hint = (
            f"Rules see the options that they name behind the inputs: lambda g, y, x, {name}: ...\n"
            f"If {name} is an array with a gradient of its own, give it a rule of its own."
        )
    return MissingRuleError(
        f"{name_of(fn)} has no derivative rule for its option {option}.", hint=hint
    )


def _is_a_users(fn: Callable) -> bool:
    ours = (getattr(fn, "__module__", None) or "").startswith(__name__.partition(".")[0] + ".")
    return hasattr(fn, "__wrapped_primitive__") and not ours


def missing_operand(fn: Callable, operand: str) -> MissingRuleError:
    """Build the error for an operand whose derivative exists, and is not known."""
    return MissingRuleError(
        f"{name_of(fn)} has no derivative rule for its operand {operand}.",
        hint=f"Give {operand} as a plain number, or as v.data.",
    )


def _register(entry: Known) -> Callable:
    earlier = registry.get(entry.fn)
    made_here = hasattr(entry.fn, "__wrapped_primitive__")
    if earlier is None and not made_here and not _is_of_a_family(sys._getframe(2)):
        earlier = known(entry.fn)  # families do not wait for each other; others ask them all
    if earlier is not None and earlier.word != "unsupported":
        again = "To give it another rule, run its definition with @mt.primitive again."
        raise ArgumentError(
            f"{name_of(entry.fn)} is known already, as {earlier.word}.",
            hint=again if _is_a_users(entry.fn) else None,
        )
    registry[entry.fn] = entry
    return entry.fn


def _is_of_a_family(frame: FrameType) -> bool:
    return frame.f_globals.get("__package__") == f"{__package__}.ops"
