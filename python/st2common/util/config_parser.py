"""The legacy config.yaml in a pack's folder."""

import os

__all__ = ["ContentPackConfig", "ContentPackConfigParser"]


class ContentPackConfig(object):
    def __init__(self, file_path, config):
        self.file_path = file_path
        self.config = config


class ContentPackConfigParser(object):
    def __init__(self, pack_name):
        from st2common.content.utils import get_pack_base_path

        self.pack_name = pack_name
        self.pack_path = get_pack_base_path(pack_name)

    def get_config(self):
        """What config.yaml says, or None without such a file."""
        from st2common.content.yaml_file import load_yaml_file

        path = os.path.join(self.pack_path, "config.yaml")
        return ContentPackConfig(path, load_yaml_file(path)) if os.path.isfile(path) else None

    get_action_config = get_sensor_config = lambda self, *args: self.get_config()
