"""Mutants that no test can notice, each with the reason why it computes the same."""

from __future__ import annotations

from .equivalents_a_to_b import A_TO_B
from .equivalents_c_to_d import C_TO_D
from .equivalents_e_to_l import E_TO_L
from .equivalents_m_to_q import M_TO_Q
from .equivalents_r_to_z import R_TO_Z
from .equivalents_recurrences import RECURRENCES

# (file, function, before, after): reason
EQUIVALENT: dict[tuple[str, str, str, str], str] = {
    **A_TO_B,
    **C_TO_D,
    **E_TO_L,
    **M_TO_Q,
    **R_TO_Z,
    **RECURRENCES,
}
