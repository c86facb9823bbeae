"""How is a model kept? As a safetensors file: names, shapes and numbers, and nothing that runs."""

from .weights import load, save

__all__ = ["load", "save"]
