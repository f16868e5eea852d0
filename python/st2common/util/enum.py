"""Enums."""

import enum

__all__ = ["Enum"]


class Enum(enum.Enum):
    @classmethod
    def get_valid_values(cls):
        return [one.value for one in cls]
