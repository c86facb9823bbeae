"""Equivalent mutants of the files from bessel to windows, ordered by file.

A key stands for every such place of its function, so only keys are here whose places are all
equivalent.
"""

from __future__ import annotations

ANY_NEGATIVE = "NumPy finds the length that any negative number stands for, not that of -1 alone"
SAME_LENGTHS = "both have as many entries, so that strict= has nothing to find"
SQUARE = "the matrices are square, so that their last two lengths are one"
FASTER = "both ways give the same numbers; which is faster is chosen"
PROBE = "NumPy is asked only whether it refuses, which this does not decide"
ON_IMPORT = "this runs on import, before a mutant takes its place"
BOUNDARY = "both ways give the same number there"
COMMUTE = "both factors are polynomials of one matrix, and commute"
SIGN = "a factor of 1 or -1 is its own inverse"

# (file, function, before, after): reason
SECOND: dict[tuple[str, str, str, str], str] = {
    (
        "bessel.py",
        "_of_order",
        "'n' if fn.__name__[-1] == 'n' else 'v'",
        "'v' if fn.__name__[-1] == 'n' else 'n'",
    ): ON_IMPORT,
    ("bessel.py", "_of_order", "fn.__name__[-1] == 'n'", "fn.__name__[-1] != 'n'"): ON_IMPORT,
    ("bessel.py", "_of_order", "-1", "1"): ON_IMPORT,
    ("bessel.py", "_of_order", "1", "2"): ON_IMPORT,
    ("bessel.py", "<lambda>", "n - 1", "1 - n"): "its size is taken",
    ("decompositions.py", "_to_eigenvectors", "1", "2"): SQUARE,
    (
        "decompositions.py",
        "_to_basis",
        "1",
        "2",
    ): "without vectors beyond, both branches give the same",
    (
        "decompositions.py",
        "_svd_of_symmetric",
        "u * np.expand_dims(signs, -2)",
        "u / np.expand_dims(signs, -2)",
    ): SIGN,
    ("decompositions.py", "_to_q", "n <= m", "n < m"): "what is joined then has no columns",
    ("decompositions.py", "_to_r", "n <= m", "n < m"): "what is joined then has no columns",
    ("decompositions.py", "_qr", "1", "2"): PROBE,
    (
        "determinants.py",
        "_frame",
        "np.linalg.det(u) * np.linalg.det(vh)",
        "np.linalg.det(u) / np.linalg.det(vh)",
    ): SIGN,
    ("determinants.py", "_adjugate", "s @ adjugate", "adjugate @ s"): COMMUTE,
    ("einsums.py", "_path", "True", "False"): SAME_LENGTHS,
    (
        "einsums.py",
        "_path",
        "math.prod(sizes.values()) < _WORTH_IT",
        "math.prod(sizes.values()) <= _WORTH_IT",
    ): FASTER,
    ("einsums.py", "_path", "False", "True"): FASTER,
    ("einsums.py", "_path", "0.0", "1.0"): "only the shapes of these arrays are looked at",
    ("einsums.py", "_axes_of_matrices", "len(set(a)) < len(a)", "len(set(a)) <= len(a)"): FASTER,
    ("einsums.py", "_axes_of_matrices", "len(set(b)) < len(b)", "len(set(b)) <= len(b)"): FASTER,
    ("einsums.py", "_axes_of_matrices", "not inner", "inner"): FASTER,
    ("einsums.py", "_axes_of_matrices", "not (rows or columns)", "rows or columns"): FASTER,
    ("einsums.py", "_axes_of_matrices", "rows or columns", "rows and columns"): FASTER,
    (
        "einsums.py",
        "_axes_of_matrices",
        "set(rows + columns) <= set(output)",
        "set(rows + columns) < set(output)",
    ): FASTER,
    (
        "einsums.py",
        "_of_two",
        "_WORTH_IT if rows and columns else _WORTH_IT_FOR_VECTORS",
        "_WORTH_IT_FOR_VECTORS if rows and columns else _WORTH_IT",
    ): FASTER,
    ("einsums.py", "_of_two", "rows and columns", "rows or columns"): FASTER,
    ("einsums.py", "_of_two", "work < least", "work <= least"): FASTER,
    ("einsums.py", "_of_two", "1", "2"): ANY_NEGATIVE,
    ("einsums.py", "_explicit", "True", "False"): SAME_LENGTHS,
    ("einsums.py", "_einsum_rule", "True", "False"): SAME_LENGTHS,
    ("einsums.py", "_np_einsum", "subscripts.count(',') + 1", "subscripts.count(',') - 1"): PROBE,
    ("exponentials.py", "matrix_exp", "a @ a", "a @ a"): "both factors are the same",
    (
        "exponentials.py",
        "matrix_exp",
        "square @ square",
        "square @ square",
    ): "both factors are the same",
    ("exponentials.py", "matrix_exp", "y @ y", "y @ y"): "both factors are the same",
    ("exponentials.py", "matrix_exp", "powers[2] @ square", "square @ powers[2]"): COMMUTE,
    (
        "exponentials.py",
        "matrix_exp",
        "powers[3] @ sum((c[2 * k + 6 + odd] * p for k, p in enumerate(powers) if k))",
        "sum((c[2 * k + 6 + odd] * p for k, p in enumerate(powers) if k)) @ powers[3]",
    ): COMMUTE,
    ("exponentials.py", "matrix_exp", "a @ (low[1] + high[1])", "(low[1] + high[1]) @ a"): COMMUTE,
    ("linalg.py", "_dot", "np.ndim(b) <= 2", "np.ndim(b) < 2"): FASTER,
    ("linalg.py", "linear", "x.ndim == 2", "x.ndim != 2"): FASTER,
    (
        "linalg.py",
        "_to_input",
        "np.dot(g, weight) if g.ndim == 2 else np.matmul(g, weight)",
        "np.matmul(g, weight) if g.ndim == 2 else np.dot(g, weight)",
    ): FASTER,
    ("norms.py", "_vector_norm_rule", "ord > 2", "ord >= 2"): "2 was met before",
    ("norms.py", "_of_matrices", "ord > 0", "ord >= 0"): "it is never 0 here",
    ("pooling.py", "_pooled", "True", "False"): SAME_LENGTHS,
    ("pooling.py", "_entries", "entries == entries.flat[0]", "entries != entries.flat[0]"): FASTER,
    ("pooling.py", "_entries", "True", "False"): SAME_LENGTHS,
    ("pooling.py", "_sizes", "True", "False"): SAME_LENGTHS,
    ("pooling.py", "_adaptive_max_pool", "True", "False"): SAME_LENGTHS,
    ("products.py", "_vdot", "1", "2"): ANY_NEGATIVE,
    ("products.py", "_np_cross", "3", "4"): PROBE,
    ("products.py", "_kron", "True", "False"): SAME_LENGTHS,
    (
        "products.py",
        "_cheapest_split",
        "0",
        "1",
    ): "every way to split has as many ends, which all cost 1 more",
    ("products.py", "_matrix_power", "np.ndim(a) < 2", "np.ndim(a) <= 2"): PROBE,
    ("products.py", "_matrix_power", "n < 0", "n <= 0"): "0 was met before",
    (
        "products.py",
        "_matrix_power",
        "square @ square",
        "square @ square",
    ): "both factors are the same",
    (
        "pseudoinverses.py",
        "_cuts",
        "a - a @ pinv @ a",
        "a @ pinv @ a - a",
    ): "the norm does not see the sign",
    (
        "pseudoinverses.py",
        "_np_lstsq",
        "b - a @ x",
        "a @ x - b",
    ): "the square does not see the sign",
    ("quantiles.py", "order_weights", "True", "False"): SAME_LENGTHS,
    ("quantiles.py", "_along", "0.0", "1.0"): "only its shape is looked at",
    ("quantiles.py", "_median", "False", "True"): ON_IMPORT,
    ("quantiles.py", "_quantile", "False", "True"): ON_IMPORT,
    ("rectifiers.py", "relu", "x <= 0", "x < 0"): "they differ in the sign of zero only",
    ("rectifiers.py", "negative_part", "x >= 0", "x > 0"): "they differ in the sign of zero only",
    (
        "reductions.py",
        "keep",
        "keepdims or np.ndim(x) == 0 or np.ndim(r) == np.ndim(x)",
        "keepdims and np.ndim(x) == 0 and (np.ndim(r) == np.ndim(x))",
    ): FASTER,
    ("reductions.py", "keep", "0", "1"): "a number broadcasts against one axis as it is",
    ("reductions.py", "_spread", "True", "False"): FASTER,
    ("reductions.py", "_prod", "True", "False"): FASTER,
    (
        "reductions.py",
        "_extremum",
        "initial is NOT_GIVEN or initial is None",
        "initial is NOT_GIVEN and initial is None",
    ): "without initial, one entry at least attains the extremum",
    ("shapes.py", "_ravel", "1", "2"): ANY_NEGATIVE,
    ("shapes.py", "_inner", "True", "False"): SAME_LENGTHS,
    ("shapes.py", "_diagonal_rule", "offset >= 0", "offset > 0"): BOUNDARY,
    ("shapes.py", "_diag", "k >= 0", "k > 0"): BOUNDARY,
    ("shapes.py", "_fliplr", "2", "3"): PROBE,
    ("signals.py", "_interp", "0.0", "1.0"): PROBE,
    ("solving.py", "_tensorsolve", "1", "2"): ANY_NEGATIVE,
    (
        "statistics.py",
        "_squared_deviations",
        "a - mean",
        "mean - a",
    ): "the square does not see the sign",
    ("trilinear.py", "_batch_last", "True", "False"): SAME_LENGTHS,
    ("trilinear.py", "_padded", "True", "False"): SAME_LENGTHS,
    ("trilinear.py", "_inner", "True", "False"): SAME_LENGTHS,
    (
        "trilinear.py",
        "_parts",
        "CACHE // max(row, 1)",
        "CACHE * max(row, 1)",
    ): "into how many parts it is cut changes no number",
    ("windows.py", "extents", "True", "False"): SAME_LENGTHS,
    ("windows.py", "taps", "True", "False"): SAME_LENGTHS,
    ("windows.py", "lay", "True", "False"): SAME_LENGTHS,
}
