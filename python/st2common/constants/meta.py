"""How metadata files are told by their names, and read."""

__all__ = ["ALLOWED_EXTS", "PARSER_FUNCS", "yaml_safe_load"]

ALLOWED_EXTS = [".yaml", ".yml"]


def yaml_safe_load(stream):
    from st2common.content.yaml_file import load_yaml

    return load_yaml(stream)


PARSER_FUNCS = {".yml": yaml_safe_load, ".yaml": yaml_safe_load}
