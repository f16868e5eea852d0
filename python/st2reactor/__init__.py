"""Base classes of sensors."""

# It answers for modules of StackStorm that are not here.
import st2common as _st2common  # noqa: F401
