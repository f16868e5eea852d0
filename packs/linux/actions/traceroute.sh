#!/bin/sh
# usage: traceroute.sh HOST [HOPS [QUERIES]]
if ! command -v traceroute >/dev/null; then
    echo "traceroute is not on the PATH; install it on this host" >&2
    exit 2
fi
exec traceroute -q "${3:-3}" -m "${2:-30}" -- "$1"
