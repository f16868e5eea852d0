"""The package `unittest2`, which is part of Python by now."""

from unittest import *  # noqa: F403
from unittest import mock  # noqa: F401

from st2tests.pack_resource import PackTestCase as TestCase  # noqa: F401
