"""The families that not every program needs: loaded when one of them is first asked for.

That is when a Value meets a function that none of the first families knows, when one is named, as
in ``ops.conv2d``, or when somebody looks through all that is known. Until then they cost nothing.
"""

from . import (
    accumulations,
    applying,
    attending,
    attention,
    batch_norms,
    building,
    choosing,
    coefficients,
    convolutions,
    counting,
    decompositions,
    determinants,
    dropping,
    einsums,
    exponentials,
    families,
    gru,
    images,
    joining,
    lookups,
    lstm,
    normalizing,
    norms,
    ordering,
    parts,
    pooling,
    products,
    projected_lstm,
    pseudoinverses,
    quantiles,
    recurrences,
    refused,
    rnn,
    signals,
    similarities,
    solving,
    standardizing,
    statistics,
    strings,
    trilinear,
    windowed,
    windows,
)
from .attention import (
    scaled_dot_product_attention,
)
from .convolutions import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from .exponentials import (
    matrix_exp,
)
from .gru import (
    gru_states,
    gru_step,
)
from .images import (
    interpolate,
    pixel_shuffle,
    pixel_unshuffle,
)
from .lookups import (
    embedding,
)
from .lstm import (
    lstm_states,
    lstm_step,
)
from .normalizing import (
    group_norm,
    layer_norm,
    rms_norm,
)
from .pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from .projected_lstm import (
    projected_lstm_states,
)
from .rnn import (
    rnn_states,
    rnn_step,
)
from .similarities import (
    cosine_similarity,
    normalize,
    pairwise_distance,
)
from .solving import (
    solve_triangular,
)
from .windows import (
    fold,
    unfold,
)

__all__ = [
    "accumulations",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "applying",
    "attending",
    "attention",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norms",
    "building",
    "choosing",
    "coefficients",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolutions",
    "cosine_similarity",
    "counting",
    "decompositions",
    "determinants",
    "dropping",
    "einsums",
    "embedding",
    "exponentials",
    "families",
    "fold",
    "group_norm",
    "gru",
    "gru_states",
    "gru_step",
    "images",
    "interpolate",
    "joining",
    "layer_norm",
    "lookups",
    "lstm",
    "lstm_states",
    "lstm_step",
    "matrix_exp",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "normalize",
    "normalizing",
    "norms",
    "ordering",
    "pairwise_distance",
    "parts",
    "pixel_shuffle",
    "pixel_unshuffle",
    "pooling",
    "products",
    "projected_lstm",
    "projected_lstm_states",
    "pseudoinverses",
    "quantiles",
    "recurrences",
    "refused",
    "rms_norm",
    "rnn",
    "rnn_states",
    "rnn_step",
    "scaled_dot_product_attention",
    "signals",
    "similarities",
    "solve_triangular",
    "solving",
    "standardizing",
    "statistics",
    "strings",
    "trilinear",
    "unfold",
    "windowed",
    "windows",
]
