"""How is a model kept? As a safetensors file: names, shapes and numbers, and nothing that runs.

`save` and `load` are for models; `write` and `read` for arrays with metadata.
"""

from .arrays import Contents, read, write
from .weights import load, save

__all__ = ["Contents", "load", "read", "save", "write"]
