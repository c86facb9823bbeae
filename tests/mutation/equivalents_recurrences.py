"""Equivalent mutants of the recurrences of `ops`, in the order of their lines."""

from __future__ import annotations

from .reasons import ANY_NEGATIVE, FASTER, SAME_LENGTHS

ONE_AXIS, TWO_AXES = "the mask of one step has one axis", "weights have two axes"
ROOM = "it is room for a product, which is used at once"

# (file, function, before, after): reason
RECURRENCES: dict[tuple[str, str, str, str], str] = {
    ("recurrences.py", "to_x",
     "np.reshape(w_ih, (len(inputs), -1, np.shape(x)[-1]))",
     "np.reshape(w_ih, (len(inputs), -2, np.shape(x)[-1]))"): ANY_NEGATIVE,
    ("recurrences.py", "to_x",
     "zip(inputs, weights, strict=True)",
     "zip(inputs, weights, strict=False)"): SAME_LENGTHS,
    ("recurrences.py", "to_bias",
     "np.reshape(np.matmul(ones, gates)[order], -1)",
     "np.reshape(np.matmul(ones, gates)[order], -2)"): ANY_NEGATIVE,
    ("recurrences.py", "contributions",
     "zip(found, wanted, strict=True)",
     "zip(found, wanted, strict=False)"): SAME_LENGTHS,
    ("recurrences.py", "_gates",
     "np.reshape(d, (len(d), -1, np.shape(d)[-1]))",
     "np.reshape(d, (len(d), -2, np.shape(d)[-1]))"): ANY_NEGATIVE,
    ("recurrences.py", "rows",
     "np.reshape(x, (-1, np.shape(x)[-1]))",
     "np.reshape(x, (-2, np.shape(x)[-1]))"): ANY_NEGATIVE,
    ("recurrences.py", "inside",
     "np.where(np.expand_dims(mask, -1), x, 0)",
     "np.where(np.expand_dims(mask, -1), x, 1)"): "no state and no gradient depends on the number",
    ("recurrences.py", "kept_where",
     "np.expand_dims(mask[t], -1)",
     "np.expand_dims(mask[t], 1)"): ONE_AXIS,
    ("recurrences.py", "empty", "-memory.ctypes.data % LINE", "memory.ctypes.data % LINE"): FASTER,
    ("recurrences.py", "blocks",
     "np.reshape(w, (len(order), -1, w.shape[-1]))",
     "np.reshape(w, (len(order), -2, w.shape[-1]))"): ANY_NEGATIVE,
    ("recurrences.py", "blocks", "w.shape[-1]", "w.shape[1]"): TWO_AXES,
    ("gru.py", "gru_states", "room[0]", "room[1]"): ROOM,
    ("gru.py", "_slopes",
     "np.reshape(w_hh, (3, -1, np.shape(w_hh)[-1]))",
     "np.reshape(w_hh, (3, -2, np.shape(w_hh)[-1]))"): ANY_NEGATIVE,
    ("gru.py", "_slopes", "np.shape(w_hh)[-1]", "np.shape(w_hh)[1]"): TWO_AXES,
    ("lstm.py", "_slopes",
     "np.reshape(w_hh, (4, -1, np.shape(w_hh)[-1]))",
     "np.reshape(w_hh, (4, -2, np.shape(w_hh)[-1]))"): ANY_NEGATIVE,
    ("lstm.py", "_slopes", "np.shape(w_hh)[-1]", "np.shape(w_hh)[1]"): TWO_AXES,
    ("lstm.py", "_all",
     "np.asarray(w_hh, dtype).reshape(4, -1, w_hh.shape[-1])",
     "np.asarray(w_hh, dtype).reshape(4, -2, w_hh.shape[-1])"): ANY_NEGATIVE,
    ("lstm.py", "_all", "w_hh.shape[-1]", "w_hh.shape[1]"): TWO_AXES,
    ("projected_lstm.py", "_slopes",
     "np.reshape(w_hh, (4, -1, width))",
     "np.reshape(w_hh, (4, -2, width))"): ANY_NEGATIVE,
    ("projected_lstm.py", "_all",
     "np.asarray(w_hh, dtype).reshape(4, -1, width)",
     "np.asarray(w_hh, dtype).reshape(4, -2, width)"): ANY_NEGATIVE,
    ("projected_lstm.py", "_all",
     "np.empty((4, *c0.shape), dtype)",
     "np.empty((5, *c0.shape), dtype)"): "it is room for four, and a fifth is not used",
}  # fmt: skip
