"""Base classes and doubles for packs' own tests. `squall pack test DIR` runs those."""

# It answers for modules of StackStorm that are not here.
import st2common as _st2common  # noqa: F401
from st2tests.action_aliases import BaseActionAliasTestCase
from st2tests.actions import BaseActionTestCase
from st2tests.sensors import BaseSensorTestCase

__all__ = ["BaseActionAliasTestCase", "BaseActionTestCase", "BaseSensorTestCase"]
