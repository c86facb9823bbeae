"""Samples of products of matrices, decompositions and solvers."""

from __future__ import annotations

from draws import Row

LINALG: list[Row] = []
