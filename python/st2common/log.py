"""Loggers as StackStorm's packs expect them.

Packs write `from st2common import log as logging`, so what this module lacks is looked up in Python's `logging`.
"""

import logging
import os
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


def setup(config_file=None, *args, **kwargs):
    """Configures logging from a file in the format of `logging.config`, if there is one.

    StackStorm's services call it with their own file. In an action or sensor logging is set up already.
    """
    if config_file and os.path.isfile(config_file):
        import logging.config

        logging.config.fileConfig(config_file, defaults=None, disable_existing_loggers=False)


def __getattr__(name):
    return getattr(logging, name)


class LoggingStream(object):
    """A stream whose lines become log messages."""

    def __init__(self, name, level=logging.ERROR):
        self._logger = getLogger(name)
        self._level = level

    def write(self, message):
        if message.strip():
            self._logger.log(self._level, message.rstrip())

    def flush(self):
        pass


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
