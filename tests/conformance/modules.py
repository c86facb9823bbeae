"""Does one of our modules agree with PyTorch's, on PyTorch's own samples?

PyTorch keeps, for the tests of its own, a database of its modules with samples of their arguments.
Here each sample is made twice, from the same arguments; ours takes the weights of PyTorch's through
its state_dict; and both are called, as they are when they are trained and when they are used. What
must agree: the names, shapes and dtypes of all parameters and buffers, the outputs, the gradient of
every argument and parameter for a random cotangent, and the buffers that the call has changed.
"""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from operators import (
    Arguments,
    Outcome,
    difference,
    draw,
    first_line,
    outputs_of,
    torch,
    without_expecttest,
)

import microtensor as mt
from microtensor import Value, nn
from microtensor.backward import gradients


class Sample(NamedTuple):
    """One module and one call of it, in PyTorch's terms."""

    number: int
    training: bool
    make: Callable[[], Any]  # PyTorch's module, new
    args: tuple
    kwargs: dict[str, Any]
    inputs: Any  # with args and kwargs of the call


def database() -> dict[str, Any]:
    """Give PyTorch's modules by name, such as ``nn.Linear``."""
    with warnings.catch_warnings(), without_expecttest():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_modules import module_db
    torch.set_num_threads(1)
    return {module.name: module for module in module_db}


def samples(module: Any) -> Iterator[Sample]:
    """Number a module's samples, for training and then for use; they are the same in every run."""
    number = 0
    for training in (True, False):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002  # the generator that PyTorch's samples draw from
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = module.module_inputs_func(
                module, device="cpu", dtype=torch.float64, requires_grad=True, training=training
            )
        for each in given:
            args, kwargs = each.constructor_input.args, each.constructor_input.kwargs
            make = lambda args=args, kwargs=kwargs: module.module_cls(*args, **kwargs)
            yield Sample(number, training, make, args, kwargs, each.forward_input)
            number += 1


def compare(module: Any, counterpart: Callable) -> list[Outcome]:
    """Compare a counterpart with a module on all its samples."""
    return [compare_sample(sample, counterpart) for sample in samples(module)]


def compare_sample(sample: Sample, counterpart: Callable) -> Outcome:
    """Compare a counterpart with a module on one sample."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        theirs = sample.make().to(torch.float64).train(sample.training)
        try:
            ours = make_ours(sample, counterpart)
            if complaint := take_weights(ours, theirs, sample):
                return Outcome(sample.number, complaint, 0)
        except Exception as error:
            return Outcome(sample.number, first_line(error), 0)
        return _compare_calls(sample, ours, theirs)


def make_ours(sample: Sample, counterpart: Callable) -> Any:
    """Make our module of a sample's arguments, for numbers in float64."""
    args, kwargs = translated(sample.args), translated(sample.kwargs)
    if "dtype" in inspect.signature(counterpart).parameters:  # it has parameters
        kwargs["dtype"] = np.float64
    return counterpart(*args, **kwargs)


def translated(x: Any) -> Any:
    """Give what PyTorch's module is made from in our terms: arrays, functions, names of dtypes."""
    if isinstance(x, torch.Tensor):
        return x.detach().numpy().copy()
    if isinstance(x, dict):
        return {k: translated(y) for k, y in x.items() if k not in ("device", "dtype")}
    if isinstance(x, tuple | list):
        return type(x)(map(translated, x))
    return FUNCTIONS.get(x, x) if callable(x) else x


FUNCTIONS = {torch.nn.functional.relu: mt.relu, torch.nn.functional.gelu: mt.gelu}


def take_weights(ours: Any, theirs: Any, sample: Sample) -> str:
    """Load PyTorch's state into our module, or say how the two differ.

    A loss has weights of classes in its state, in PyTorch; here it is a function without any.
    """
    if not isinstance(ours, nn.Module):
        return "a function cannot hold parameters" if list(theirs.parameters()) else ""
    stir(theirs, sample.number)
    if complaint := different_states(ours, theirs):
        return complaint
    names = [[name for name, _ in each.named_parameters()] for each in (ours, theirs)]
    if names[0] != names[1]:
        return f"it trains {names[0]} instead of {names[1]}"
    ours.load_state_dict(theirs.state_dict())
    ours.train(sample.training)
    return ""


def stir(module: Any, seed: int) -> None:
    """Move what a module starts with: weights of one and biases of zero would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for x in [*module.parameters(), *module.buffers()]:
            if x.is_floating_point():
                x += 0.1 + 0.4 * torch.rand(x.shape, generator=generator, dtype=x.dtype)


def different_states(ours: Any, theirs: Any, numbers: bool = False) -> str:
    """Say how the keys, shapes and kinds of two states differ, and, if asked, their numbers."""
    mine, reference = ours.state_dict(), theirs.state_dict()
    if list(mine) != list(reference):
        return f"its state has the keys {list(mine)} instead of {list(reference)}"
    for key, x in reference.items():
        x = x.numpy()
        if mine[key].shape != x.shape or mine[key].dtype != x.dtype:
            found, wanted = (f"{y.dtype}{list(y.shape)}" for y in (mine[key], x))
            return f"{key} in its state is {found} instead of {wanted}"
        if numbers and (complaint := difference("value", mine[key], torch.as_tensor(x))):
            return f"{key} in its state afterwards: {complaint}"
    return ""


def _compare_calls(sample: Sample, ours: Any, theirs: Any) -> Outcome:
    try:
        arguments, ours_out, theirs_out = call_both(sample, ours, theirs)
        complaint = different_outputs(ours_out, theirs_out)
        if not complaint and isinstance(ours, nn.Module):
            complaint = different_states(ours, theirs, numbers=True)
        if complaint:
            return Outcome(sample.number, complaint, 0)
        return _compare_gradients(sample, ours, theirs, arguments, ours_out, theirs_out)
    except Exception as error:
        return Outcome(sample.number, first_line(error), 0)


def call_both(sample: Sample, ours: Any, theirs: Any) -> tuple[Arguments, list, list]:
    """Give a sample's arguments in our terms, and the outputs of both."""
    args, kwargs = sample.inputs.args, dict(sample.inputs.kwargs)
    if not args:
        args = (kwargs.pop("input"),)  # the first one, which needs no name
    given = SimpleNamespace(input=args[0], args=args[1:], kwargs=kwargs)
    arguments = Arguments(given, as_values=False)
    theirs_out = outputs_of(_without_none(theirs(*args, **kwargs)), (torch.Tensor,))
    ours_out = _without_none(ours(*arguments.args, **arguments.kwargs))
    return arguments, outputs_of(ours_out, (Value, np.ndarray, np.generic)), theirs_out


def different_outputs(ours: list[Any], theirs: list[Any]) -> str:
    """Say how the outputs of two modules differ."""
    if len(ours) != len(theirs):
        return f"{len(ours)} outputs instead of {len(theirs)}"
    for y, t in zip(ours, theirs, strict=True):
        if complaint := difference("value", y, t):
            return complaint
    return ""


def _compare_gradients(
    sample: Sample, ours: Any, theirs: Any, arguments: Arguments, ours_out: list, theirs_out: list
) -> Outcome:
    named = list(theirs.named_parameters())
    if not any(t.requires_grad for t in theirs_out):
        return Outcome(sample.number, "", 0)
    rng = np.random.default_rng(sample.number)
    pairs = [(y, t) for y, t in zip(ours_out, theirs_out, strict=True) if t.requires_grad]
    cotangents = [draw(rng, t) for _, t in pairs]
    expected = torch.autograd.grad(
        [t for _, t in pairs], [*arguments.tensors, *(p for _, p in named)],
        [torch.as_tensor(c) for c in cotangents], allow_unused=True, materialize_grads=True,
    )  # fmt: skip
    roots = [
        (y, c)
        for (y, _), c in zip(pairs, cotangents, strict=True)
        if isinstance(y, Value) and y.requires_grad
    ]
    of_ours = ours.parameters() if named else []
    found = gradients([y for y, _ in roots], [*arguments.values, *of_ours], [c for _, c in roots])
    names = [f"argument {i}" for i in range(len(arguments.values))] + [name for name, _ in named]
    for name, g, t in zip(names, found, expected, strict=True):
        if complaint := difference("first", g, t):
            return Outcome(sample.number, f"{name}: {complaint}", 1)
    return Outcome(sample.number, "", 1)


def _without_none(result: Any) -> Any:
    """Leave out what was not asked for, such as the weights of attention."""
    return [y for y in result if y is not None] if isinstance(result, tuple | list) else result
