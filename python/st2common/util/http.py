"""Headers of HTTP."""

__all__ = ["parse_content_type_header"]


def parse_content_type_header(content_type):
    """`application/json; charset=utf-8` as `("application/json", {"charset": "utf-8"})`."""
    kind, *options = content_type.split(";")
    pairs = [one.split("=", 1) for one in options if "=" in one]
    return kind.strip(), {name.strip(): value.strip() for name, value in pairs}
