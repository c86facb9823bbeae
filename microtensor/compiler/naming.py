"""What is each result called? As a person would: z0, h0, loss, layer0_weight, d_layer0_weight.

All that writes a program down (the listing, both sources) takes its names from here. A name that
the user gave wins; every name is a Python name, given once, that means nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Node
from ..ops.linalg import linear
from .identifiers import identifier, path_identifier, reserved
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot

if TYPE_CHECKING:
    from .reading import Reader

_ACTIVATIONS = {
    "tanh", "sigmoid", "relu", "softplus", "logsigmoid", "silu", "gelu", "mish", "leaky_relu",
    "prelu", "elu", "celu", "hardtanh", "hardswish", "hardshrink", "softshrink", "threshold",
}  # fmt: skip
_LAYERS = {
    "linear", "convolution", "transposed_convolution", "layer_normalization", "batch_norm",
    "rms_normalization", "attend", "attend_to_itself", "look_up", "max_pool", "dropout",
    "lstm_states", "gru_states", "rnn_states", "projected_lstm_states",
}  # fmt: skip
_WORDS = {
    "add": "sum", "subtract": "difference", "multiply": "product", "divide": "ratio",
    "negative": "minus", "matmul": "dot", "sum": "total", "softmax": "p", "log_softmax": "log_p",
    "softmax_cross_entropy": "loss", "where": "choice", "concatenate": "joined",
    "_concatenate": "joined", "stack": "stacked", "convolution": "z", "linear": "z",
    "transposed_convolution": "z", "layer_normalization": "normed", "batch_norm": "normed",
    "rms_normalization": "normed", "look_up": "embedded", "dropout": "dropped",
    "max_pool": "pooled", "attend": "attended", "attend_to_itself": "attended",
    "lstm_states": "states",
    "gru_states": "states", "rnn_states": "states", "projected_lstm_states": "states",
}  # fmt: skip
_VIEWS = {
    "transpose": "T", "swapaxes": "T", "reshape": "reshaped", "getitem": "part",
    "expand_dims": "expanded", "squeeze": "squeezed", "broadcast_to": "wide", "astype": "cast",
    "copy": "copy", "moveaxis": "moved",
}  # fmt: skip
_ALL_WORDS = {**_WORDS, **_VIEWS}
_RESULTS = {
    "h", "z", "p", "log_p", "normed", "embedded", "dropped", "pooled", "attended", "states",
}  # fmt: skip
_ONCE = {"loss"}  # what is not counted from 0
_LONG = 30  # beyond it, a name is not made longer
_PLACES = {"betas_0": "beta1", "betas_1": "beta2", "generator": "rng"}


def named(program: Program) -> dict[Variable, str]:
    """Name all variables of a program.

    Parameters
    ----------
    program : Program

    Returns
    -------
    dict of Variable to str
        Python names, each given once; none is a keyword, a builtin, or one of NumPy's, and none
        begins with an underscore.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> program = mt.trace(lambda x: np.sum(np.tanh(x)))(np.zeros(3))
    >>> list(named(program).values())
    ['x', 'h0', 'total0']
    """
    return _Names(program).names


def named_and_passing(program: Program) -> tuple[dict[Variable, str], set[Variable]]:
    """Do as `named`, and tell which results have no name but that of how they are computed."""
    found = _Names(program)
    return found.names, found.passing


def gradients_in(reader: Reader) -> dict[Variable, Variable]:
    """Tell of which variable each gradient is one, in the program that a reader has read."""
    found: dict[Variable, Variable] = {}
    for g, of in reader.tracer.gradient_of.items():
        gradient, target = _known(reader, g), _known(reader, of)
        if gradient is not None and target is not None:
            found[gradient] = target
    return _of_sums(found, list(reader.instructions.values()))


def _of_sums(found: dict[Variable, Variable], made: list[Instruction]) -> dict[Variable, Variable]:
    """Let what is the gradient of a sum, and so of its terms, be called after the sum."""
    users: dict[Variable, list[Instruction]] = {}
    for ins in made:
        if ins.phase == "forward":
            for x in set(ins.reads()):
                users.setdefault(x, []).append(ins)
    targets = set(found.values())

    def sum_of(x: Variable) -> Variable:
        while len(users.get(x, ())) == 1:
            (ins,) = users[x]
            y = ins.output
            adds = ins.fn is np.add or (ins.fn is linear and ins.operands[-1] is x)
            alike = (x.shape, str(x.dtype)) == (y.shape, str(y.dtype))
            if not adds or y in targets or not alike:
                break
            x = y
        return x

    return {g: sum_of(x) for g, x in found.items()}


def called_in(reader: Reader, called: dict[Any, str]) -> dict[Variable, str]:
    """Tell what results are called: by ``name=``, or by the functions that computed them."""
    found = {}
    given = {node: node.name for node in reader.instructions if node.name}
    for node, name in {**called, **given}.items():
        x = _known(reader, node)
        if x is not None:
            found[x] = name
    return found


def _known(reader: Reader, node: Any) -> Variable | None:
    """Give a Value's variable, if the program has one, and make none for it."""
    while node.fn is not None and node.fn.__name__ == "held":
        node = node.args[0]
        if not isinstance(node, Node):  # plain numbers
            return None
    if node.fn is None:
        found = reader.inputs.get(("leaf", id(node)))
        return None if found is None else found[1]
    if node.fn.__name__ == "slot":
        found = reader.inputs.get(node.kwargs["slot"].key)
        return None if found is None else found[1]
    whole, place = (node.args[0], node.kwargs["place"]) if node.fn.__name__ == "part" else (node, 0)
    made = reader.instructions.get(whole)
    return None if made is None else made.outputs[place]


class _Names:
    """The names given so far, and those that were taken."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[Variable, str] = {}
        self.passing: set[Variable] = set()
        self.taken: set[str] = set(reserved())
        self._counts: dict[str, int] = {}
        self._of_parameters: dict[int, str] = {}  # by the leaf's id
        self._makers = {v: ins for ins in program.instructions for v in ins.outputs if v}
        self._loss = _loss_of(program)
        self._before_activations = {
            x
            for ins in program.instructions
            if ins.name in _ACTIVATIONS
            for x in ins.operands[:1]
            if isinstance(x, Variable)
        }
        self._user_names()
        for variable in program.constants:
            self._count(variable, "constant")
        self._written = self._names_of_written()
        for ins in program.instructions:
            self._outputs(ins)

    # Names that are there before any is made up

    def _user_names(self) -> None:
        """Let the names that users gave results win; then those of inputs, and of variables."""
        called = self.program.called
        made = [ins.output for ins in self.program.instructions if ins.output in called]
        for x in made:
            if x.name == called[x]:  # by name=, so that the variable has it too
                self._give(x, identifier(x.name))
        for order in (_is_argument, _is_leaf, lambda slot: True):
            self._inputs(order)
        for x in made:
            if x not in self.names and self._makers[x].phase == "forward":
                self._give(x, identifier(called[x]))

    def _inputs(self, wanted: Callable[[Slot], bool]) -> None:
        for place, variable in self.program.inputs:
            if variable not in self.names and wanted(place):
                self._give(variable, self._name_of_place(place))
                if _is_leaf(place):
                    self._of_parameters[id(place.node)] = self.names[variable]  # type: ignore[attr-defined]

    def _name_of_place(self, place: Slot) -> str:
        if isinstance(place, Gradient):
            of = self._of_parameters.get(id(place.node))
            return f"{of or path_identifier(place.node.name or 'leaf')}_grad"
        if place.key[0] == "remembered" and place.key[2] in self._of_parameters:
            return f"{self._of_parameters[place.key[2]]}_{identifier(place.name)}"
        if place.name in _PLACES:
            return _PLACES[place.name]
        return path_identifier(place.name)

    def _names_of_written(self) -> dict[Variable, str]:
        """Call what a place is given by what lies there."""
        found: dict[Variable, str] = {}
        read = {place.key: variable for place, variable in self.program.inputs}
        for place, x in self.program.writes:
            if isinstance(x, Variable) and not isinstance(place, Gradient):
                old = read.get(place.key)
                name = self.names[old] if old is not None else self._name_of_place(place)
                found.setdefault(x, f"new_{name}")
                step = self._step(x, old)
                if step is not None:
                    found.setdefault(step, f"{name}_step")
                    if step is not self._whole(step):
                        found.setdefault(self._whole(step), "change")
        return found

    def _whole(self, x: Variable) -> Variable:
        """Give what a variable is a part of, as one parameter's step is of all."""
        made = self._makers.get(x)
        while made is not None and made.name in ("reshape", "getitem"):
            x = made.operands[0]
            made = self._makers.get(x)
        return x

    def _step(self, new: Variable, old: Variable | None) -> Variable | None:
        """Find by what a place's numbers are less than before."""
        made = self._makers.get(new)
        if made is None or made.name != "subtract" or made.operands[0] is not old:
            return None
        return made.operands[1] if isinstance(made.operands[1], Variable) else None

    # Names of results

    def _outputs(self, ins: Instruction) -> None:
        for i, x in enumerate(ins.outputs):
            if x is None or x in self.names:
                continue
            target = self.names.get(self.program.gradients.get(x))  # type: ignore[arg-type]
            if target is not None:
                self._give(x, f"d_{target}")
                if target.endswith("_T") and self.program.gradients[x] in self.passing:
                    self.passing.add(x)
            elif ins.is_rule:
                self._contribution(ins, i, x)
            elif i == 1:
                self._give(x, f"{self.names[ins.output]}_kept")
            elif x in self._written:
                self._give(x, self._written[x])
            else:
                self._result(ins, x)

    def _contribution(self, ins: Instruction, i: int, x: Variable) -> None:
        """Name what a call sends to an operand, which others send to as well."""
        to, y = ins.operands[3 + i], ins.operands[1]
        name = f"d_{self.names[to]}" if to in self.names else "contribution"
        self._give(x, f"{name}_from_{self.names[y]}" if y in self.names else name)

    def _result(self, ins: Instruction, x: Variable) -> None:
        if x is self._loss:
            return self._give(x, "loss")
        of = next((self.names[a] for a in ins.operands[:1] if isinstance(a, Variable)), None)
        word = _word(ins, x)
        if of is not None and len(of) < _LONG and ins.name in _VIEWS:
            self._give(x, f"{of}_{word}")
            self.passing.add(x)
        elif ins.name in _ACTIVATIONS:
            self._activation(x, of)
        elif ins.name in _LAYERS and _last_word(ins.module):
            self._give(x, path_identifier(ins.module.partition(".")[2]))
        elif word == "joined" and ins.phase == "update":
            self._give(x, "grads" if of is not None and of.startswith("d_") else "weights")
        elif x in self._before_activations and ins.phase == "forward":
            self._count(x, "z")
        elif word in _ONCE:
            self._give(x, word)
        else:
            self._count(x, word)
            if word not in _RESULTS:
                self.passing.add(x)

    def _activation(self, x: Variable, of: str | None) -> None:
        """Pair h0 with z0."""
        pair = f"h{of[1:]}" if of and of[0] == "z" and of[1:].isdigit() else "h"
        if pair == "h" or pair in self.taken:
            self._count(x, "h")
        else:
            self._give(x, pair)

    def _count(self, x: Variable, stem: str) -> None:
        n = self._counts.get(stem, 0)
        while f"{stem}{n}" in self.taken:
            n += 1
        self._counts[stem] = n + 1
        self._give(x, f"{stem}{n}")

    def _give(self, x: Variable, name: str) -> None:
        """Give a name, or the same with a number behind it."""
        if name in self.taken:
            n = self._counts.get(f"{name}_", 2)
            while f"{name}_{n}" in self.taken:
                n += 1
            self._counts[f"{name}_"] = n + 1
            name = f"{name}_{n}"
        self.names[x] = name
        self.taken.add(name)


def _is_argument(place: Slot) -> bool:
    return place.key[0] == "argument"


def _is_leaf(place: Slot) -> bool:
    return isinstance(place, Leaf) and not isinstance(place, Gradient)


def _word(ins: Instruction, x: Variable) -> str:
    if ins.name == "swapaxes" and not swaps_the_last(ins):
        return "swapped"
    if ins.name == "reshape" and len(x.shape) == 1:
        return "flat"
    if ins.name in ("maximum", "minimum") and ins.phase == "forward":
        return "h" if any(not isinstance(a, Variable) for a in ins.operands) else ins.name
    return _ALL_WORDS.get(ins.name) or identifier(ins.name.removesuffix("_rule")).rstrip("_")


def swaps_the_last(ins: Instruction) -> bool:
    """Tell whether an exchange of axes transposes matrices."""
    n = len(ins.output.shape)
    return {ins.options["axis1"] % n, ins.options["axis2"] % n} == {n - 1, n - 2}


def _last_word(module: str) -> bool:
    """Tell whether a module has a name of its own, rather than a number in a list."""
    path = module.split(".")
    return len(path) > 1 and not path[-1].isdigit()


def _loss_of(program: Program) -> Variable | None:
    """Find the number whose gradient is computed: the scalar result, or the last of all."""
    forward = [ins for ins in program.instructions if ins.phase == "forward"]
    if len(forward) == len(program.instructions):
        return None
    scalars = [x for ins in forward for x in ins.outputs[:1] if _is_number(x)]
    results = {r.x for r in program.results if isinstance(r.x, Variable)}
    shown = [x for x in scalars if x in results]
    return shown[0] if shown else scalars[-1] if scalars else None


def _is_number(x: Variable) -> bool:
    return x.shape == () and (x.dtype is None or x.dtype.kind == "f")
