"""Copies of plain data."""

import copy

__all__ = ["fast_deepcopy_dict"]


def fast_deepcopy_dict(value, fall_back_to_deepcopy=True):
    return copy.deepcopy(value)
