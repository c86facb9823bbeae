"""Samples of reductions, statistics, sorting and signals."""

from __future__ import annotations

from draws import Row

REDUCTIONS: list[Row] = []
