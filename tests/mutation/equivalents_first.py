"""Equivalent mutants of the files from accumulations to parts, ordered by file."""

from __future__ import annotations

ANY_NEGATIVE = "NumPy finds the length that any negative number stands for, not that of -1 alone"
SAME_LENGTHS = "both have as many entries, so that strict= has nothing to find"
SAME_SHAPES = "both have the same shape"
PROBE = "NumPy is asked only whether it refuses, which these numbers do not decide"
STAND_IN = "the number that stands in where the formula has none is chosen by nobody"
BOUNDARY = "both ways give the same number there"
NOTHING_MORE = "what is added then has no entries, or the shape stays as it is"
CONGRUENT = "both indices name the same entry, counted from the other end"
MORE_THAN_ENOUGH = "it is more than is needed already: the result is right to all its digits"
SIGN_OF_ZERO = "they differ in the sign of zero only"
WEAK = "it only makes a float of what is added to it"
ONE = "it is divided or multiplied by 1 or -1"
BOTH_EXACT = "both formulas are right to all digits there"


# (file, function, before, after): reason
FIRST: dict[tuple[str, str, str, str], str] = {
    ("accumulations.py", "_cumsum", "1", "2"): ANY_NEGATIVE,
    ("accumulations.py", "linear_recurrence", "a", "b"): SAME_SHAPES,
    ("accumulations.py", "linear_recurrence", "b", "a"): SAME_SHAPES,
    ("accumulations.py", "linear_recurrence", "True", "False"): SAME_LENGTHS,
    ("accumulations.py", "_to_terms", "0", "1"): "it is the factor of the 0 that sums begin from",
    ("accumulations.py", "_cumprod", "1", "2"): ANY_NEGATIVE,
    ("accumulations.py", "_cumprod", "y", "x"): "along an axis, the rule does not look at y",
    ("accumulations.py", "_diff", "2", "3"): PROBE,
    ("accumulations.py", "_diff", "n < 1", "n <= 1"): "1 is taken for 1 by both branches",
    ("accumulations.py", "_diff", "1", "2"): PROBE,
    ("accumulations.py", "_ediff1d", "1", "2"): ANY_NEGATIVE,
    ("accumulations.py", "_trapezoid", "1", "2"): ANY_NEGATIVE,
    ("accumulations.py", "_gradient", "True", "False"): SAME_LENGTHS,
    ("accumulations.py", "_slope", "n - 1", "1 - n"): CONGRUENT,
    ("accumulations.py", "_slope", "1", "2"): ANY_NEGATIVE,
    ("activations.py", "sigmoid", "x >= 0", "x > 0"): BOUNDARY,
    ("applying.py", "_apply_along_axis", "1", "2"): PROBE,
    ("arithmetic.py", "_power_exponent", "1", "2"): STAND_IN,
    ("building.py", "_array", "missing > 0", "missing >= 0"): NOTHING_MORE,
    ("building.py", "_linspace", "1.0", "2.0"): WEAK,
    ("building.py", "_linspace", "0", "1"): "over one gap, the step is the whole difference",
    ("building.py", "_steps", "1", "2"): PROBE,
    ("building.py", "_steps", "0", "1"): PROBE,
    ("building.py", "_geomspace", "0", "1"): PROBE,
    ("building.py", "_geomspace", "start / sign", "start * sign"): ONE,
    ("building.py", "_geomspace", "stop / sign", "stop * sign"): ONE,
    ("choosing.py", "_select", "True", "False"): PROBE,
    ("choosing.py", "_select", "0", "1"): PROBE,
    ("choosing.py", "_compress", "1", "2"): PROBE,
    ("choosing.py", "_piecewise", "0", "1"): PROBE,
    ("choosing.py", "_piecewise", "1", "2"): PROBE,
    ("choosing.py", "_piecewise", "True", "False"): SAME_LENGTHS,
    ("coefficients.py", "_aligned", "missing > 0", "missing >= 0"): NOTHING_MORE,
    ("coefficients.py", "_aligned", "missing < 0", "missing <= 0"): NOTHING_MORE,
    ("coefficients.py", "_aligned", "0", "1"): NOTHING_MORE,
    ("coefficients.py", "_polyint", "1", "2"): PROBE,
    ("coefficients.py", "_polydiv", "_row(u) + 0.0", "_row(u) - 0.0"): SIGN_OF_ZERO,
    ("coefficients.py", "_polydiv", "_row(v) + 0.0", "_row(v) - 0.0"): SIGN_OF_ZERO,
    ("coefficients.py", "_polyfit", "_row(x) + 0.0", "_row(x) - 0.0"): SIGN_OF_ZERO,
    ("coefficients.py", "_polyfit", "_row(y) + 0.0", "_row(y) - 0.0"): SIGN_OF_ZERO,
    ("coefficients.py", "_polyfit", "np.size(x) + 0.0", "np.size(x) - 0.0"): WEAK,
    ("coefficients.py", "_polyfit", "0", "1"): PROBE,
    ("coefficients.py", "_polyfit", "2", "3"): "it is the line that a warning names",
    ("convolutions.py", "_transpose", "True", "False"): SAME_LENGTHS,
    ("convolutions.py", "_transpose", "1", "2"): ANY_NEGATIVE,
    ("convolutions.py", "_padding", "True", "False"): SAME_LENGTHS,
    ("counting.py", "body", "1", "2"): "the type of the answer is asked for, not its numbers",
    ("counting.py", "_intersect1d", "1", "2"): ANY_NEGATIVE,
    ("counting.py", "_setdiff1d", "1", "2"): ANY_NEGATIVE,
    ("elementwise.py", "_over", "length + np.equal(length, 0)", "length - np.equal(length, 0)"):
        SIGN_OF_ZERO,
    ("elementwise.py", "_share", "np.min", "np.max"): "a nan is the least and the greatest",
    ("elementwise.py", "_share", "1", "2"): "it stands in where there are no entries; it is no nan",
    ("families.py", "sinc_derivative", "2.0", "3.0"): BOTH_EXACT,
    ("families.py", "sinc_derivative", "np.less", "np.less_equal"): BOTH_EXACT,
    ("families.py", "sinc_derivative", "0", "1"): STAND_IN,
    ("families.py", "sinc_derivative", "1.0", "2.0"): "both let the series begin",
    ("families.py", "sinc_derivative", "size > 1e-20", "size >= 1e-20"): MORE_THAN_ENOUGH,
    ("families.py", "sinc_derivative", "1", "2"): STAND_IN,
    ("families.py", "bessel_i", "2", "3"): MORE_THAN_ENOUGH,
    ("families.py", "bessel_i", "0.0", "1.0"): MORE_THAN_ENOUGH,
    ("families.py", "bessel_i", "36", "37"): MORE_THAN_ENOUGH,
    ("families.py", "bessel_i", "9", "10"): MORE_THAN_ENOUGH,
    ("families.py", "bessel_i", "(2 * order + 36 + 9 * math.sqrt(largest)) / 2",
     "(2 * order + 36 + 9 * math.sqrt(largest)) * 2"): MORE_THAN_ENOUGH,
    ("families.py", "bessel_i", "order % 2", "order * 2"):
        "an even power of the sign is 1, or 0 where y is 0",
    ("families.py", "<lambda>", "order - 1", "1 - order"): "of both, the size is the same",
    ("images.py", "interpolate", "True", "False"): SAME_LENGTHS,
    ("images.py", "interpolate", "n - 1", "n + 1"):
        "a float32 is rounded up to n only beyond 2**24 places",
    ("indexing.py", "_to_values", "x", "y"): SAME_SHAPES,
    ("indexing.py", "_to_values", "np.ndim(values) - np.ndim(read)",
     "np.ndim(values) + np.ndim(read)"): "the engine sums leading axes of length 1 away",
    ("indexing.py", "_to_values", "axes > 0", "axes >= 0"): NOTHING_MORE,
    ("indexing.py", "_take", "1", "2"): ANY_NEGATIVE,
    ("indexing.py", "_take_along_axis", "1", "2"): ANY_NEGATIVE,
    ("joining.py", "_concatenate_rule", "g", "y"): SAME_SHAPES,
    ("joining.py", "_stack", "len(shapes) > 1", "len(shapes) >= 1"): "NumPy joins equal shapes",
    ("joining.py", "_vstack", "1", "2"): ANY_NEGATIVE,
    ("joining.py", "_column_stack", "1", "2"): ANY_NEGATIVE,
    ("joining.py", "_kept", "1", "2"): ANY_NEGATIVE,
    ("joining.py", "_resize", "-size // have", "-size * have"):
        "too many repetitions are cut off again",
    ("joining.py", "_meshgrid", "1", "2"): ANY_NEGATIVE,
    ("joining.py", "_meshgrid", "True", "False"): SAME_LENGTHS,
    ("joining.py", "_trim_zeros", "0", "1"): PROBE,
    ("ordering.py", "ranks", "1", "2"): ANY_NEGATIVE,
    ("ordering.py", "_sort", "1", "2"): ANY_NEGATIVE,
    ("ordering.py", "_partition", "1", "2"): ANY_NEGATIVE,
}  # fmt: skip
