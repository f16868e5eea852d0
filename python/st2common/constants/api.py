"""The API's versions and headers."""

DEFAULT_API_VERSION = "v1"
REQUEST_ID_HEADER = "X-Request-ID"
CACHE_CONTROL_HEADER = "no-cache"
