"""Samples of functions that join, build, choose and move entries."""

from __future__ import annotations

from draws import Row

SHAPES: list[Row] = []
