"""Samples of SciPy's special functions."""

from __future__ import annotations

from draws import Row

SPECIAL: list[Row] = []
