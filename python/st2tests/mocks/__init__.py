"""Doubles of what pack code is given."""
