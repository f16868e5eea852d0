import re
import socket
from concurrent.futures import ThreadPoolExecutor

from st2common.runners.base_action import Action

# A host that answers at all does so in this time; one behind a firewall costs it for every port.
TIMEOUT = 1.0
AT_ONCE = 100


class PortScanner(Action):
    def run(self, ip_address):
        family, *_, address = socket.getaddrinfo(ip_address, None, type=socket.SOCK_STREAM)[0]
        names = known_services()
        ports = sorted(set(range(1, 1024)) | set(names))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = pool.map(lambda port: is_open(family, address, port), ports)
        return [
            {str(port): {"state": "open", "service": names.get(port, ""), "protocol": "tcp"}}
            for port, answered in zip(ports, answers)
            if answered
        ]


def is_open(family, address, port):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(TIMEOUT)
        return probe.connect_ex((address[0], port, *address[2:])) == 0


def known_services(path="/etc/services"):
    """Ports and the names of what listens there, as far as this machine knows them."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.findall(r"^([^\s#]+)\s+(\d+)/tcp\b", file.read(), re.MULTILINE)
    except OSError:
        return {}
    return {int(port): name for name, port in reversed(found)}
