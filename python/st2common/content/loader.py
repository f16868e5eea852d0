"""Packs' folders and metadata files, read."""

import os

from st2common.constants.meta import ALLOWED_EXTS

__all__ = ["ContentPackLoader", "MetaLoader"]


class ContentPackLoader(object):
    """Finds packs below folders, and the folders of content in them."""

    ALLOWED_CONTENT_TYPES = ["triggers", "sensors", "actions", "rules", "aliases", "policies"]

    def get_packs(self, base_dirs):
        """Name -> folder of every pack in the folders; of two with a name the first counts."""
        found = {}
        for base in base_dirs:
            if not os.path.isdir(base):
                raise ValueError('Directory "%s" doesn\'t exist' % (base,))
            for name in sorted(os.listdir(base)):
                path = os.path.join(base, name)
                if name not in found and os.path.isfile(os.path.join(path, "pack.yaml")):
                    found[name] = path
        return found

    def get_content(self, base_dirs, content_type):
        packs = self.get_packs(base_dirs)
        return {
            name: path
            for name, path in ((n, self.get_content_from_pack(p, content_type)) for n, p in packs.items())
            if path
        }

    def get_content_from_pack(self, pack_dir, content_type):
        """The folder of this content in the pack, or None."""
        if content_type not in self.ALLOWED_CONTENT_TYPES:
            raise ValueError("Unsupported content_type: %s" % (content_type,))
        path = os.path.join(pack_dir, content_type)
        return path if os.path.isdir(path) else None


class MetaLoader(object):
    """Reads metadata files."""

    def load(self, file_path, expected_type=None):
        from st2common.content.yaml_file import load_yaml_file

        extension = os.path.splitext(file_path)[1]
        if extension not in ALLOWED_EXTS:
            raise Exception("Unsupported meta type %s, file %s. Allowed: %s" % (extension, file_path, ALLOWED_EXTS))
        content = load_yaml_file(file_path)
        if expected_type and not isinstance(content, expected_type):
            raise ValueError('Expected "%s", got "%s"' % (expected_type.__name__, type(content).__name__))
        return content
