"""pack.yaml."""

import os
import re

from st2common.constants.pack import MANIFEST_FILE_NAME, PACK_REF_WHITELIST_REGEX

__all__ = ["get_pack_common_libs_path_for_pack_ref", "get_pack_metadata", "get_pack_ref_from_metadata"]


def get_pack_metadata(pack_dir):
    """What pack.yaml says. Raises `ValueError` if there is none."""
    from st2common.content.yaml_file import load_yaml_file

    path = os.path.join(pack_dir, MANIFEST_FILE_NAME)
    if not os.path.isfile(path):
        raise ValueError('Pack "%s" is missing %s file' % (pack_dir, MANIFEST_FILE_NAME))
    return load_yaml_file(path)


def get_pack_ref_from_metadata(metadata, pack_directory_name=None):
    """`ref`, else the folder's name if it can be one, else `name` in small letters with underscores."""
    ref = metadata.get("ref")
    if ref:
        return ref
    if pack_directory_name and re.match(PACK_REF_WHITELIST_REGEX, pack_directory_name):
        return pack_directory_name
    name = metadata.get("name") or ""
    if re.match(PACK_REF_WHITELIST_REGEX, name):
        return name
    raise ValueError('Pack name "%s" contains invalid characters and "ref" attribute is not available' % (name,))


def get_pack_common_libs_path_for_pack_ref(pack_ref):
    from st2common.content.utils import get_pack_base_path

    return os.path.join(get_pack_base_path(pack_ref) or "", "lib")
