"""Names of credentials in requests."""

HEADER_ATTRIBUTE_NAME = "X-Auth-Token"
QUERY_PARAM_ATTRIBUTE_NAME = "x-auth-token"
HEADER_API_KEY_ATTRIBUTE_NAME = "St2-Api-Key"
QUERY_PARAM_API_KEY_ATTRIBUTE_NAME = "st2-api-key"
VALID_MODES = ["proxy", "standalone"]
