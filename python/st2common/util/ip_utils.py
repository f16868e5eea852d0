"""Addresses of machines."""

import ipaddress

__all__ = ["is_ipv4", "is_ipv6", "split_host_port"]


def is_ipv4(ip_str):
    return _is(ipaddress.IPv4Address, ip_str)


def is_ipv6(ip_str):
    return _is(ipaddress.IPv6Address, ip_str)


def _is(kind, text):
    try:
        kind(text)
        return True
    except ValueError:
        return False


def split_host_port(host_str):
    """`host:22` as `("host", 22)`, `[::1]:22` as `("::1", 22)`; the port is None where none is given."""
    text = host_str.strip()
    if is_ipv6(text):
        return text, None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError("Invalid host: %s" % (host_str,))
        return host, _port(rest[1:], host_str) if rest else None
    host, separator, port = text.partition(":")
    return host, _port(port, host_str) if separator else None


def _port(text, host_str):
    if not text.isdigit():
        raise ValueError("Invalid port %s specified in %s." % (text, host_str))
    return int(text)
