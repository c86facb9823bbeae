"""Samples of windows, convolutions and pooling."""

from __future__ import annotations

from draws import Row

WINDOWS: list[Row] = []
