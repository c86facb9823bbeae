"""How does a traced graph become a program? Each recorded call is an instruction, oldest first.

What only stands for something else goes: places become inputs, held numbers the numbers
themselves, and a leaf that was assigned to becomes what it was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import CompileError
from ..graph import Node, Scope, label, module_path
from ..nesting import like, rebuild
from ..primitives import name_of, registry
from ..randomness import generator
from .opaque import Rule, gives_unknown_shape, held, part, slot
from .programs import Instruction, Program, Result, Variable
from .slots import Gradient, Leaf, Place, Slot
from .tracing import Tracer


class Reader:
    """Reads one traced run as a program."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.inputs: dict[tuple, tuple[Slot, Variable]] = {}
        self.instructions: dict[Node, Instruction] = {}
        self.constants: dict[int, tuple[Any, Variable]] = {}
        self._names: dict[Any, str] = {}  # of parameters and buffers, by their paths
        self._paths: dict[Any, str] = {}  # of scopes
        self._modules: dict[Any, dict[int, str]] = {}  # the paths of modules in each model
        self._has_values: dict[Node, bool] = {}

    def program(self, output: Any, leaves: list[Any]) -> Program:
        """Give the program that computes what the run gave, and writes what it changed."""
        tracer = self.tracer
        changed = [x[-1][1] for x in tracer.assigned.values()]
        changed += [leaf.grad for leaf in tracer.grads] + [x for _, x in tracer.written]
        roots = [x for x in (*leaves, *changed) if isinstance(x, Node)]
        calls = self._calls([*roots, *(node for node, _ in tracer.guards)])
        tracer.scopes = list({n.scope: None for n in calls if isinstance(n.scope, Scope)})
        self._names = _names_of_state(tracer.scopes)
        written = list(self._written())
        for node in calls:
            self._instruction(node)
        end = np.inf
        results = [self._result(x, end) for x in leaves]
        writes = [(place, self._operand(x, end)) for place, x in written]
        asked = [(self._operand(x, x.number), answer) for x, answer in tracer.guards]
        guards = [(x, answer) for x, answer in asked if isinstance(x, Variable)]
        return Program(
            name=tracer.name,
            inputs=list(self.inputs.values()),
            instructions=list(self.instructions.values()),
            results=results,
            structure=rebuild(output, iter([None] * len(leaves))),
            writes=writes,
            guards=guards,
            constants={variable: x for x, variable in self.constants.values()},
        )

    # What is written

    def _written(self) -> Iterator[tuple[Slot, Any]]:
        tracer = self.tracer
        for leaf, given in tracer.assigned.items():
            if tracer.is_constant(leaf):  # it is gone when the function ends
                continue
            yield self._leaf_slot(leaf), given[-1][1]
        for leaf in tracer.grads:
            if tracer.is_constant(leaf):
                continue
            yield Gradient(f"{self._name(leaf)}.grad", leaf, tracer.places.get(leaf)), leaf.grad
        yield from tracer.written

    def _leaf_slot(self, leaf: Node) -> Leaf:
        return Leaf(self._name(leaf), leaf, self.tracer.places.get(leaf))

    def _result(self, x: Any, end: float) -> Result:
        as_value = self._as_value(x)
        is_leaf = as_value and x.fn is None and not self.tracer.is_constant(x)
        flows = as_value and x._requires_grad
        return Result(self._operand(x, end), as_value, flows, x if is_leaf else None)

    # What is computed

    def _calls(self, roots: list[Node]) -> list[Node]:
        """List every call that the roots depend on, oldest first."""
        seen: set[Node] = set()
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            stack.extend(self._depends_on(node))
        calls = [n for n in seen if n.fn not in (None, slot, held, part)]
        for node in calls:
            if node.number < self.tracer.began:
                raise CompileError(
                    f"{self.tracer.name}: {label(node)} was computed before, "
                    f"by {node.fn.__name__}.",
                    expected="leaves, and what the function computes of them",
                    got="a Value whose graph goes on outside of the function",
                    hint="Compute it inside of the function; v.detach() gives a constant of it.",
                )
        return sorted(calls, key=lambda node: node.number)

    def _depends_on(self, node: Node) -> Iterator[Node]:
        if node.fn is None:
            return
        for x in (*node.args, *_flat(node.kwargs or {})):
            found = self._node(x, node.number)
            if found is not None:
                yield found

    def _node(self, x: Any, number: float) -> Node | None:
        """Give the Value that an operand stands for when it is used, if it is none of its own."""
        if not isinstance(x, Node):
            owner = self.tracer.owner(x)
            if owner is None:
                return None
            x = owner[0]
        if x.fn is None:
            given = self.tracer.version(x, number)
            return given if isinstance(given, Node) else x
        return x

    def _instruction(self, node: Node) -> None:
        fn, number = node.fn, node.number
        kwargs = dict(node.kwargs or {})
        if gives_unknown_shape(fn, node.args, kwargs, self._is_computed):
            raise self.tracer.shape_depends_on_numbers(name_of(fn))
        name = node.name or self._name_of_gradient(node) or fn.__name__
        outputs: list[Any]
        if isinstance(fn, Rule):
            g, y, *operands = node.args
            made = self.instructions.get(y)
            kept = made.outputs[1] if made is not None and len(made.outputs) > 1 else None
            given = (self._operand(g, number), self._operand(y, number), kept)
            operands_read = (*given, *(self._operand(a, number) for a in operands))
            outputs = [None if c is None else Variable.like(name, c) for c in node._data]
            options = {k: self._operand(x, number) for k, x in kwargs.items()}
        else:
            kept = kwargs.pop("kept", None)
            if any(isinstance(a, np.random.Generator | np.random.RandomState) for a in node.args):
                raise CompileError(
                    f"{self.tracer.name}: {fn.__name__} is given a generator by its place.",
                    expected="by its name, as an option, so that each call draws anew",
                    got=f"{fn.__name__}(..., rng)",
                    hint=f"Write {fn.__name__}(..., rng=rng).",
                )
            operands_read = tuple(self._operand(a, number) for a in node.args)
            options = {k: self._operand(x, number) for k, x in kwargs.items()}
            several = isinstance(node._data, tuple | list)
            found = node._data if several else [node._data]
            outputs = [Variable.like(name, x) for x in found]
            if registry[fn].keeps:
                outputs.append(Variable.like(f"{name}_kept", kept))
        self.instructions[node] = Instruction(
            fn,
            operands_read,
            options,
            outputs,
            self.tracer.phase_of(node),
            self._path(node.scope),
        )

    def _is_computed(self, x: Any) -> bool:
        return isinstance(x, Node) or self.tracer.owner(x) is not None

    def _operand(self, x: Any, number: float) -> Any:
        """Give the variable or constant that an operand is."""
        if isinstance(x, Node):
            return self._variable(x, number)
        owner = self.tracer.owner(x) if isinstance(x, np.ndarray | np.generic | tuple) else None
        if owner is not None:
            node, which = owner
            if which == "kept":
                return self.instructions[node].outputs[1]
            return self._variable(node, number)
        if isinstance(x, tuple | list):
            return like(x, [self._operand(inner, number) for inner in x])
        if isinstance(x, np.ndarray):
            return self._constant(x)
        if x is generator():  # the process's own, which `seed` may put another in the place of
            return self._input(Place("generator", ("generator",), generator), x)
        return x

    def _variable(self, node: Node, number: float) -> Any:
        if node.fn is held:
            return self._operand(node.args[0], node.number)
        if node.fn is part:
            whole, place = node.args[0], node.kwargs["place"]  # type: ignore[index]
            return self.instructions[whole].outputs[place]
        if node.fn is slot:
            return self._input(node.kwargs["slot"], node._data)  # type: ignore[index]
        if node.fn is not None:
            return self.instructions[node].output
        given = self.tracer.version(node, number)
        if given is not None:
            return self._operand(given, number)
        if self.tracer.is_constant(node):
            return self._operand(self.tracer.first(node), number)
        return self._input(self._leaf_slot(node), self.tracer.first(node))

    def _input(self, place: Slot, data: Any) -> Variable:
        if place.key not in self.inputs:
            self.inputs[place.key] = (place, Variable.like(place.name, data))
        return self.inputs[place.key][1]

    def _constant(self, x: np.ndarray) -> Variable:
        name = self.tracer.watch.name_of_array(x)
        if name is not None:  # somebody else's, who may write into it
            return self._input(Place(name, ("array", id(x)), lambda: x), x)
        if id(x) not in self.constants:
            self.constants[id(x)] = (x, Variable.like("constant", x))
        return self.constants[id(x)][1]

    # What it is called

    def _name(self, leaf: Node) -> str:
        return leaf.name or self._names.get(leaf) or "leaf"

    def _name_of_gradient(self, node: Node) -> str | None:
        of = self.tracer.gradient_of.get(node)
        if of is None:
            return None
        return f"d_{self._name(of) if of.fn is None else of.name or of.fn.__name__}"

    def _path(self, scope: Scope | None) -> str:
        if scope not in self._paths:
            self._paths[scope] = module_path(scope, self._modules)
        return self._paths[scope]

    def _as_value(self, x: Any) -> bool:
        """Tell whether eager gives a Value there: where it is computed from one."""
        if not isinstance(x, Node):
            return False
        stack = [x]
        while stack:
            node = stack[-1]
            inner = [a for a in node.args if isinstance(a, Node) and a not in self._has_values]
            if inner and (node.fn is not held or node.kwargs):
                stack.extend(inner)
                continue
            stack.pop()
            self._has_values[node] = self._is_value(node)
        return self._has_values[x]

    def _is_value(self, node: Node) -> bool:
        if node.fn is None:
            return True
        if node.fn is slot or (node.fn is held and not node.kwargs):
            return False
        return any(self._has_values.get(a, False) for a in node.args if isinstance(a, Node))


def _names_of_state(scopes: list[Scope]) -> dict[Any, str]:
    """Name the parameters and buffers of all models that were called, by their paths."""
    names: dict[Any, str] = {}
    models = {id(m): m for m in (scope.chain()[0].module for scope in scopes) if m is not None}
    for model in models.values():
        named = getattr(model, "named_state", None) or model.named_parameters
        for path, x in named():
            names.setdefault(x, path)
    return names


def _flat(x: Any) -> Iterator[Any]:
    """Give what is in options, however nested."""
    if isinstance(x, dict):
        x = tuple(x.values())
    if isinstance(x, tuple | list):
        yield x
        for inner in x:
            yield from _flat(inner)
    else:
        yield x
