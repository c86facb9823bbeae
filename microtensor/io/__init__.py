"""How is a model kept? As a safetensors file: names, shapes and numbers, and nothing that runs.

`save` and `load` are for models; `write` and `read` for arrays with metadata; `save_checkpoint` and
`load_checkpoint` for a whole state, nested as it may be.
"""

from .arrays import Contents, read, write
from .checkpoints import load_checkpoint, save_checkpoint
from .weights import load, save

__all__ = ["Contents", "load", "load_checkpoint", "read", "save", "save_checkpoint", "write"]
