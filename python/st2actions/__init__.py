"""Where StackStorm had the base class of actions before version 2.3; many packs still import it from here."""

# It answers for modules of StackStorm that are not here.
import st2common as _st2common  # noqa: F401
