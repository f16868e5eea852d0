"""YAML, by PyYAML where it is installed, else by our own reader of what metadata files use of it."""

__all__ = ["load_yaml", "load_yaml_file"]


def load_yaml(stream):
    """The document in a text, bytes or an open file. Raises `ValueError` or `yaml.YAMLError`."""
    try:
        import yaml
    except ImportError:
        from st2common.content.plain_yaml import read_yaml

        content = stream.read() if hasattr(stream, "read") else stream
        return read_yaml(content.decode("utf-8") if isinstance(content, bytes) else content)
    return yaml.safe_load(stream)


def load_yaml_file(path):
    """The document of a file. What is wrong in it raises `ValueError` with the file's name."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        return load_yaml(content)
    except Exception as e:
        raise ValueError("cannot read %s: %s" % (path, e)) from e
