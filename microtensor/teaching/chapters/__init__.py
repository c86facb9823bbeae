"""What should an engine do? The behaviours, chapter by chapter, in the order of learning."""

from . import arrays, constants, curvature, edges, functions, repeats, reuse, sizes, slopes, values

CHAPTERS = (
    values.chapter,
    slopes.chapter,
    constants.chapter,
    constants.powers,
    functions.chapter,
    reuse.chapter,
    reuse.order,
    repeats.chapter,
    sizes.chapter,
    edges.chapter,
    arrays.chapter,
    curvature.chapter,
)
