"""Keys of traces."""

TRACE_CONTEXT = "trace_context"
TRACE_ID = "trace_id"
