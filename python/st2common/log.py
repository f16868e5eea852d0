"""Loggers as StackStorm's packs expect them."""

import logging
import sys

AUDIT = logging.CRITICAL + 10
logging.AUDIT = AUDIT
logging.addLevelName(AUDIT, "AUDIT")

FORMAT = "%(name)s: %(levelname)-8s %(message)s"


def _audit(self, message, *args, **kwargs):
    if self.isEnabledFor(AUDIT):
        self._log(AUDIT, message, args, **kwargs)


logging.Logger.audit = _audit


def getLogger(name):
    """The logger `name` below `st2`, as in StackStorm."""
    return logging.getLogger(name if name.startswith("st2.") else "st2." + name)


def level_number(name):
    """The number of a level's name; unknown names count as DEBUG, so that nothing is hidden by a typing error."""
    number = logging.getLevelName(str(name).upper())
    return number if isinstance(number, int) else logging.DEBUG


def get_action_logger(class_name, level="DEBUG"):
    """The logger of one Python action: writes `actions.python.<class>: <LEVEL> <message>` to stderr."""
    logger = logging.getLogger("actions.python." + class_name)
    logger.setLevel(level_number(level))
    logger.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
    return logger
