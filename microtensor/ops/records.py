"""NumPy's functions of arrays of records, each refused; imported once NumPy has imported them.

They bring masked arrays with them, which take a tenth of the time that NumPy takes to import.
"""

from __future__ import annotations

from numpy.lib import recfunctions

from ..primitives import unsupported

unsupported(
    "It is about arrays of records, and a Value holds numbers: give each field its own Value.",
    *(
        getattr(recfunctions, name)
        for name in recfunctions.__all__
        if hasattr(getattr(recfunctions, name), "__wrapped__")  # those that dispatch
    ),
)
