"""Images made larger or smaller, as a layer."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..ops.images import MODES
from .casting import reals
from .channels import noted
from .module import Module


class Upsample(Module):
    """Makes images larger, by repeating entries or by mixing neighbours; nothing is trained.

    From (N, C, L) to (N, C, L'), ``y[j] = x[floor(j L / L')]`` for "nearest"; for "linear"
    ``y[j] = (1 - r) x[i] + r x[i + 1]``, where ``i + r = (j + 1/2) L / L' - 1/2``, held between
    0 and L - 1, or ``j (L - 1) / (L' - 1)`` if corners are aligned; so on each axis of places.

    Parameters
    ----------
    size : int or tuple of int, optional
        How long the last axes shall be.
    scale_factor : number or tuple of numbers, optional
        Or how many times as long as they are.
    mode : {"nearest", "linear", "bilinear", "trilinear"}
        The linear ones for 1, 2 or 3 axes of places.
    align_corners : bool, optional
        Of the linear modes: whether the corners stay in the corners.
    recompute_scale_factor : bool, optional
        Whether places are laid by the sizes where a factor is given too.

    Raises
    ------
    ArgumentError
        If not one of size and scale_factor is given, or the mode is another.
    ShapeError
        When called with anything but (N, C, L), (N, C, H, W) or (N, C, D, H, W).
    DTypeError
        When called with anything but real numbers.

    References
    ----------
    .. [1] Odena, Dumoulin, Olah, *Deconvolution and Checkerboard Artifacts* (2016): why one may
       prefer it, with a convolution behind, to `ConvTranspose2d`.

    Examples
    --------
    >>> import numpy as np
    >>> Upsample(scale_factor=2)(np.array([[[1.0, 2.0]]]))
    array([[[1., 1., 2., 2.]]])
    >>> Upsample(scale_factor=2, mode="linear")(np.array([[[1.0, 2.0]]]))
    array([[[1.  , 1.25, 1.75, 2.  ]]])
    """

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
        align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        if (size is None) == (scale_factor is None):
            raise ArgumentError(
                "Upsample: either a size or a factor is needed.",
                expected="size= or scale_factor=",
                got="neither" if size is None else "both",
            )
        if mode not in MODES:
            raise ArgumentError(
                "Upsample: there is no such mode here.",
                expected=f"one of {', '.join(map(repr, MODES))}",
                got=f"mode={mode!r}",
            )
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, x: Any) -> Any:
        with noted(self):
            return ops.interpolate(
                reals(self, x), self.size, self.scale_factor, self.mode, self.align_corners,
                self.recompute_scale_factor,
            )  # fmt: skip

    def extra_repr(self) -> str:
        how = "size" if self.scale_factor is None else "scale_factor"
        given = getattr(self, how)
        if how == "scale_factor":  # floats, as PyTorch shows them
            given = tuple(map(float, given)) if isinstance(given, tuple | list) else float(given)
        return f"{how}={given}, mode={self.mode!r}"
