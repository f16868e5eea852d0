"""StackStorm's command line is not part of this library."""

__all__ = ["Shell", "main"]

MESSAGE = (
    "StackStorm's command line is not part of Squall's Python library; run `squall`, or use st2client.client.Client"
)


class Shell(object):
    def __init__(self):
        raise RuntimeError(MESSAGE)


def main(argv=None):
    raise RuntimeError(MESSAGE)
