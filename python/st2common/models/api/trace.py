"""Traces."""

__all__ = ["TraceContext"]


class TraceContext(object):
    """By what a trace is known: its id or a tag."""

    def __init__(self, **kw):
        self.id_ = kw.get("id_")
        self.trace_tag = kw.get("trace_tag")

    def __eq__(self, other):
        return isinstance(other, TraceContext) and self.__dict__ == other.__dict__

    __hash__ = None

    def __str__(self):
        return "{id_: %s, trace_tag: %s}" % (self.id_, self.trace_tag)

    def to_dict(self):
        return {name: value for name, value in self.__dict__.items() if value is not None}
