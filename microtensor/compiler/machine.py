"""How is a line of kernels run? By a loop of compiled code that calls one after the other.

A kernel takes pointers and gives nothing. Its call is a few integers: the address of its code, and
for each pointer a place in a table of addresses and how far to go from there. So one call from
Python runs a whole step, a matrix product is BLAS itself, and no kernel is compiled twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DependencyError
from .exponentials import exponentials

# How many pointers a kernel may take: it is given as many as the next of these, the rest unused.
# Of BLAS, GEMM takes 13.
COUNTS = (2, 4, 8, 13, 16, 32, 64)


@functools.cache
def numba() -> Any:
    """Import Numba, and SciPy for its BLAS, now that they are needed."""
    try:
        import numba
        import scipy.linalg.cython_blas  # noqa: F401  # whose routines are called
    except ImportError as error:
        raise DependencyError(
            'compile(backend="numba") needs Numba and SciPy.',
            expected="both to be installed",
            got=f"no module named {error.name}",
            hint='pip install "microtensor[jit]"',
        ) from error
    return numba


@functools.cache
def blas(name: str) -> int:
    """Give the address of a routine of BLAS, of SciPy's."""
    numba()
    from numba.extending import get_cython_function_address

    return get_cython_function_address("scipy.linalg.cython_blas", name)


@functools.cache
def runner() -> Callable[[np.ndarray, np.ndarray], int]:
    """Give the function that runs a line of kernels: ``run(code, table)``.

    ``code`` holds the number of calls, then for each call the address of the code, the number of
    pointers, and a place in the table and an offset in bytes for each. An address of 0 stands for
    a question: whether the byte that is pointed to is 0; if it is not, 1 is given at once.
    """
    types, njit, call, byte_at = numba().types, numba().njit, *_intrinsics()

    def run(code, table):
        at = 1
        for _ in range(code[0]):
            fn, n = code[at], code[at + 1]
            if fn == 0:
                if byte_at(table[code[at + 2]] + code[at + 3]) != 0:
                    return 1
            else:
                call(fn, code.ctypes.data + 8 * (at + 2), table.ctypes.data, n)
            at += 2 + 2 * n
        return 0

    array = types.Array(types.int64, 1, "C")
    return njit(types.int64(array, array), nogil=True, error_model="numpy")(run)


def _intrinsics() -> tuple[Any, Any]:
    """Make the two words that Numba's Python lacks: a call by address, and a byte by address."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    word, byte = ir.IntType(64), ir.IntType(8)

    @intrinsic
    def call(typingctx, fn, arguments, table, n):
        def generate(context, builder, signature, given):
            fn, arguments, table, n = given
            done = builder.append_basic_block("done")
            switch = builder.switch(n, done)
            for count in COUNTS:
                block = builder.append_basic_block(f"of_{count}")
                switch.add_case(word(count), block)
                builder.position_at_end(block)
                places = builder.inttoptr(arguments, word.as_pointer())
                starts = builder.inttoptr(table, word.as_pointer())
                pointers = []
                for i in range(count):
                    place = builder.load(builder.gep(places, [word(2 * i)]))
                    offset = builder.load(builder.gep(places, [word(2 * i + 1)]))
                    start = builder.load(builder.gep(starts, [place]))
                    address = builder.add(start, offset)
                    pointers.append(builder.inttoptr(address, byte.as_pointer()))
                kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer()] * count)
                builder.call(builder.inttoptr(fn, kind.as_pointer()), pointers)
                builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp, types.intp, types.intp), generate

    @intrinsic
    def byte_at(typingctx, address):
        def generate(context, builder, signature, given):
            return builder.load(builder.inttoptr(given[0], byte.as_pointer()))

        return types.uint8(types.intp), generate

    return call, byte_at


_OF_MATH = (
    "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "atan", "fabs",
)  # fmt: skip
_DTYPES = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
)  # fmt: skip
_compiled: dict[tuple, Any] = {}


def compiled(text: str, dtypes: tuple[np.dtype, ...]) -> int:
    """Compile the function ``nest`` of a text, which takes pointers; give the address of its code.

    The same text is compiled once, for all programs of the process.
    """
    key = text, dtypes
    if key not in _compiled:
        from numba import cfunc, types
        from numba.np.numpy_support import from_dtype

        from .generated import executed

        pointers = [types.CPointer(types.uint8 if d.kind == "b" else from_dtype(d)) for d in dtypes]
        more = next(n for n in COUNTS if n >= len(dtypes)) - len(dtypes)
        pointers += [types.CPointer(types.uint8)] * more
        unused = "".join(f", u{i}" for i in range(more))
        nest = executed(text.replace("):", f"{unused}):", 1), _words(), "nest")["nest"]
        made = cfunc(types.void(*pointers), error_model="numpy", pipeline_class=_apart())(nest)
        _compiled[key] = made  # held, or its code would go
    return _compiled[key].address


@functools.cache
def _words() -> dict[str, Any]:
    """Give what a nest's text may call."""
    import math

    njit = numba().njit
    words: dict[str, Any] = {name: getattr(math, name) for name in _OF_MATH}
    words |= {name: getattr(np, name) for name in ("floor", "ceil")}
    words |= {t: getattr(np, t) for t in _DTYPES}
    words |= {"inf": np.inf, "nan": np.nan, **exponentials()}
    # A sum may be made of several, side by side; other calculations are as they are written.
    words["plus"] = njit(fastmath={"reassoc"})(lambda a, b: a + b)
    words["larger"] = njit(lambda a, b: a if (a >= b) | (a != a) else b)
    words["smaller"] = njit(lambda a, b: a if (a <= b) | (a != a) else b)
    return words


@functools.cache
def _apart() -> Any:
    """Give the way to compile that says: what the pointers point to does not overlap."""
    from numba.core.compiler import Compiler

    class Apart(Compiler):
        def define_pipelines(self) -> Any:
            self.state.flags.noalias = True
            return super().define_pipelines()

    return Apart
