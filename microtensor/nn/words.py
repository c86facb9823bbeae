"""What are PyTorch's other words called here? A model that was written with them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_DTYPE = (
    "Parameters keep the dtype that they were made with, as in nn.Linear(2, 1, dtype=np.float64);\n"
    "load_state_dict() takes the numbers of a model of another dtype. There is one device."
)
_PARTS = "modules() and named_modules() give it and all that is inside, at any depth."

HERE = {
    "children": _PARTS,
    "named_children": _PARTS,
    "get_submodule": "dict(model.named_modules())[path] is the module at a path.",
    "get_parameter": "dict(model.named_parameters())[path] is the parameter at a path.",
    "get_buffer": "dict(model.named_buffers())[path] is the buffer at a path.",
    "add_module": "Assign it: self.layer = module, or setattr(self, name, module).",
    "register_module": "Assign it: self.layer = module, or setattr(self, name, module).",
    "register_parameter": "Assign it: self.weight = nn.Parameter(array).",
    "register_buffer": "Assign it: self.mean = nn.Buffer(array). A constant may be a plain array.",
    "register_forward_pre_hook": "with module.before_forward(function): ...",
    "register_forward_hook": "with module.after_forward(function): ...",
    "register_full_backward_pre_hook": "with module.before_backward(function): ...",
    "register_full_backward_hook": "with module.after_backward(function): ...",
    "requires_grad_": "freeze() and unfreeze() do that.",
    **dict.fromkeys(("to", "type", "cpu", "cuda", "half", "float", "double"), _DTYPE),
}


class Translated:
    """What says of a word of PyTorch's that it lacks how the same is done here.

    Examples
    --------
    >>> from microtensor import nn
    >>> try:
    ...     nn.Identity().requires_grad_(False)
    ... except AttributeError as error:
    ...     print(error)
    Identity has no 'requires_grad_', as PyTorch's modules have.
      freeze() and unfreeze() do that.
    """

    if not TYPE_CHECKING:  # else every misspelt attribute would be one

        def __getattr__(self, name: str) -> Any:
            if name in HERE:
                hint = HERE[name].replace("\n", "\n  ")
                raise AttributeError(
                    f"{type(self).__name__} has no {name!r}, as PyTorch's modules have.\n  {hint}",
                    name=name,
                    obj=self,
                )
            return object.__getattribute__(self, name)  # raises, as a property does
