"""Names of the system."""

import st2common

VERSION_STRING = "Squall, as StackStorm %s" % (st2common.__version__,)
DEFAULT_CONFIG_FILE_PATH = "/etc/st2/st2.conf"
API_URL_ENV_VARIABLE_NAME = "ST2_API_URL"
AUTH_TOKEN_ENV_VARIABLE_NAME = "ST2_AUTH_TOKEN"
SYSTEM_KV_PREFIX = "system"
