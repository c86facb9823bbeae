"""Where in the model does a module run? For messages, by its path in the outermost one."""

from __future__ import annotations

from typing import Any

from ..graph import Scope, module_path, state


def here(module: Any) -> str:
    """Give the path of the module that is being called, such as ``Sequential.1.layers.0``.

    Under `no_grad`, where no scope is kept, it is the module's class.
    """
    scope = state.scope
    return module_path(scope) if isinstance(scope, Scope) else type(module).__name__
