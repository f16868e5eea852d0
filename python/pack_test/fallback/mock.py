"""The package `mock`, which is part of Python by now."""

import sys
import unittest.mock

sys.modules[__name__] = unittest.mock
