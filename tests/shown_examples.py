"""The examples as modules: what they claim is tested with their own functions.

kepler = example("16_solved_for").kepler
"""

import functools
import importlib.util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "examples"


@functools.cache
def example(name):
    """Import examples/NAME.py, whose ``main`` does not run then."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
