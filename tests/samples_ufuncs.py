"""Samples of functions of two numbers and ufunc methods."""

from __future__ import annotations

from draws import Row

UFUNCS: list[Row] = []
