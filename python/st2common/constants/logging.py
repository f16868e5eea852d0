"""Where the default logging configuration lies: nowhere; see `st2common.log`."""

DEFAULT_LOGGING_CONF_PATH = None
