"""Where packs and their files are."""

import os

__all__ = [
    "get_action_libs_abs_path",
    "get_aliases_base_paths",
    "get_entry_point_abs_path",
    "get_pack_base_path",
    "get_pack_directory",
    "get_pack_file_abs_path",
    "get_pack_resource_file_abs_path",
    "get_packs_base_paths",
    "get_relative_path_to_pack_file",
    "get_system_packs_base_path",
]


def get_packs_base_paths():
    """The folders of packs: those of `SQUALL_PACKS`, and where the running pack itself lies."""
    found = [one for one in os.environ.get("SQUALL_PACKS", "").split(os.pathsep) if one]
    # Whoever runs a pack's code puts <pack>/actions/lib on PYTHONPATH.
    for path in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        parts = path.rstrip(os.sep).split(os.sep)
        if parts[-2:] == ["actions", "lib"] and len(parts) > 3:
            found.append(os.sep.join(parts[:-3]))
    return list(dict.fromkeys(found)) or ["/opt/stackstorm/packs"]


def get_system_packs_base_path():
    return get_packs_base_paths()[0]


def get_pack_base_path(pack_name, include_trailing_slash=False, use_pack_cache=False):
    """The pack's folder in the first of the folders that has it; in the first of all if none has. None for no name."""
    if not pack_name:
        return None
    candidates = [os.path.join(base, pack_name) for base in get_packs_base_paths()]
    path = next((one for one in candidates if os.path.isdir(one)), candidates[0])
    return path + os.sep if include_trailing_slash else path


get_pack_directory = get_pack_base_path


def get_pack_file_abs_path(pack_ref, file_path, resource_type=None, use_pack_cache=False):
    """The path of a file in a pack. Raises `ValueError` for one outside of it."""
    base = get_pack_base_path(pack_ref)
    if base is None:
        raise ValueError("a file of a pack needs the pack's name")
    folders = {"action": "actions", "sensor": "sensors", "rule": "rules", "policy": "policies", "alias": "aliases"}
    whole = os.path.normpath(os.path.join(base, folders.get(resource_type, ""), file_path))
    if not whole.startswith(os.path.normpath(base) + os.sep):
        raise ValueError(
            'Invalid file path: "%s". File path needs to be relative to the pack directory (%s).' % (file_path, base)
        )
    return whole


def get_pack_resource_file_abs_path(pack_ref, resource_type, file_path):
    return get_pack_file_abs_path(pack_ref, file_path, resource_type)


def get_entry_point_abs_path(pack=None, entry_point=None, use_pack_cache=False):
    if not entry_point or os.path.isabs(entry_point):
        return entry_point or None
    return os.path.join(get_pack_base_path(pack), "actions", entry_point)


def get_action_libs_abs_path(pack=None, entry_point=None):
    return os.path.join(get_pack_base_path(pack), "actions", os.path.dirname(entry_point or ""), "lib")


def get_relative_path_to_pack_file(pack_ref, file_path, use_pack_cache=False):
    return os.path.relpath(file_path, get_pack_base_path(pack_ref)) if os.path.isabs(file_path) else file_path


def get_aliases_base_paths():
    return []
