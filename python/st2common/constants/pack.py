"""Names that have to do with packs."""

PACK_REF_WHITELIST_REGEX = r"^[a-z0-9_]+$"
PACK_RESERVED_CHARACTER = "."
PACK_VERSION_SEPARATOR = "="
PACK_VERSION_REGEX = r"^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?(?:-[\da-zA-Z\-]+(?:\.[\da-zA-Z\-]+)*)?(?:\+[\da-zA-Z\-]+(?:\.[\da-zA-Z\-]+)*)?$"

SYSTEM_PACK_NAME = "core"
PACKS_PACK_NAME = "packs"
LINUX_PACK_NAME = "linux"
DEFAULT_PACK_NAME = "default"
CHATOPS_PACK_NAME = "chatops"
USER_PACK_NAME_BLACKLIST = [SYSTEM_PACK_NAME, PACKS_PACK_NAME]
SYSTEM_PACK_NAMES = [CHATOPS_PACK_NAME, SYSTEM_PACK_NAME, PACKS_PACK_NAME, LINUX_PACK_NAME]

MANIFEST_FILE_NAME = "pack.yaml"
CONFIG_SCHEMA_FILE_NAME = "config.schema.yaml"
BASE_PACK_REQUIREMENTS = ["six>=1.9.0,<2.0"]
