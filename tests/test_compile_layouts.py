"""What kernels are planned by: where entries lie, which loops visit them, what lies where when."""

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microtensor.compiler.layouts import Layout, in_order, loops_of, steps_of, view_layout
from microtensor.compiler.nests import cuts_of, is_chain, lengths_of, split
from microtensor.compiler.programs import Instruction, Variable
from microtensor.workspaces import laid_out

SHAPE = (2, 3, 4)
VIEWS = [
    (np.transpose, {}), (np.transpose, {"axes": (1, 2, 0)}), (np.reshape, {"shape": (6, 4)}),
    (np.expand_dims, {"axis": 1}), (np.swapaxes, {"axis1": 0, "axis2": 2}),
    (np.moveaxis, {"source": 0, "destination": 2}), (np.broadcast_to, {"shape": (5, 2, 3, 4)}),
    (operator.getitem, {"index": (slice(None), 1)}),
    (operator.getitem, {"index": (slice(None), slice(None, None, -1), slice(1, None, 2))}),
]  # fmt: skip


def entries(layout, memory):
    """Read the entries of a layout, one by one."""
    places = [
        layout.offset + sum(i * s for i, s in zip(at, layout.strides, strict=True))
        for at in np.ndindex(layout.shape)
    ]
    return memory[places].reshape(layout.shape)


@pytest.mark.parametrize(("fn", "options"), VIEWS)
@pytest.mark.parametrize("first", [np.transpose, np.positive])
def test_a_view_lies_where_numpy_sees_it(first, fn, options):
    x = Variable("x", SHAPE, np.dtype(float))
    memory = np.arange(24.0)
    array, layout = memory.reshape(SHAPE), Layout.of(x)
    if first is np.transpose:
        array, layout = array.T, view_layout(Instruction(np.transpose, (x,), {}, [x]), layout)
        options = {k: v for k, v in options.items() if fn not in (np.reshape, np.broadcast_to)}
        if fn in (np.reshape, np.broadcast_to):
            fn = np.transpose
    ins = Instruction(fn, (x,), options, [x])
    seen = view_layout(ins, layout)
    assert np.array_equal(entries(seen, memory), ins.compute(array, **options))


def test_a_reshape_that_has_to_copy_is_no_view():
    x = Variable("x", SHAPE, np.dtype(float))
    turned = view_layout(Instruction(np.transpose, (x,), {}, [x]), Layout.of(x))
    assert view_layout(Instruction(np.reshape, (x,), {"shape": (24,)}, [x]), turned) is None


@pytest.mark.parametrize(
    ("shape", "ways", "loops"),
    [
        ((2, 3, 4), [(12, 4, 1)], (24,)),
        ((2, 3, 4), [(12, 4, 1), (0, 0, 1)], (6, 4)),
        ((2, 3, 4), [(12, 4, 1), (0, 4, 1)], (2, 12)),
        ((2, 1, 4), [(4, 4, 1), (1, 0, 0)], (2, 4)),
        ((1, 1), [(1, 1)], ()),
        ((2, 3), [(1, 2)], (2, 3)),
    ],
)
def test_the_fewest_loops_visit_all_entries(shape, ways, loops):
    assert loops_of(shape, ways) == loops
    finer = lengths_of(int(np.prod(shape)), cuts_of(loops))
    assert finer == loops
    for way in ways:
        steps = steps_of(shape, way, loops)
        visited = [sum(i * s for i, s in zip(at, steps, strict=True)) for at in np.ndindex(loops)]
        expected = [sum(i * s for i, s in zip(at, way, strict=True)) for at in np.ndindex(shape)]
        assert visited == expected


def test_an_axis_is_cut_in_several_loops():
    assert steps_of((6, 4), (4, 1), (2, 3, 2, 2)) == (12, 4, 2, 1)
    assert steps_of((24,), (1,), (6, 4)) == (4, 1)
    with pytest.raises(ValueError, match="do not visit"):
        steps_of((6, 4), (1, 6), (3, 8))


def test_loops_are_cut_where_all_agree():
    assert is_chain(24, {4, 12})
    assert not is_chain(24, {4, 6})
    assert split((2, 3, 4), 4) == ((2, 3), (4,))
    assert split((2, 3, 4), 24) == ((), (2, 3, 4))
    assert in_order(SHAPE) == (12, 4, 1)


SPANS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 9), st.integers(0, 9)).map(
        lambda span: (span[0], min(span[1:]), max(span[1:]))
    ),
    max_size=12,
)


@given(SPANS)
def test_arrays_that_are_needed_at_once_lie_apart(spans):
    offsets, total = laid_out(spans)
    laid = list(zip(offsets, spans, strict=True))
    for i, (at, (size, first, last)) in enumerate(laid):
        assert at % 64 == 0
        assert at + size <= total
        for other, (length, begin, end) in laid[:i]:
            if first <= end and begin <= last:
                assert at + size <= other or other + length <= at


def test_arrays_that_follow_each_other_share_a_place():
    assert laid_out([(640, i, i + 1) for i in range(50)])[1] == 2 * 640
