"""StackStorm's exception classes, for packs that raise or catch them.

One module per subject, as there; `from st2common.exceptions.MODULE import NAME`.
"""
