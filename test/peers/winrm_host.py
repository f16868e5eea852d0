"""A Windows host as far as signing in to WinRM goes: NTLM and its encryption are those of pyspnego, which others use
against real Windows. Behind it one command of a shell is answered, with what sh says to it.

Arguments: a file with "DOMAIN:user:password", and for https a file with a key and a certificate. Prints its port.
"""

import base64
import hashlib
import os
import re
import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ["NTLM_USER_FILE"] = sys.argv[1]

import spnego
from spnego.channel_bindings import GssChannelBindings

CERTIFICATE = sys.argv[2] if len(sys.argv) > 2 else None
PART = "Encrypted Boundary"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Body>%s</s:Body></s:Envelope>'
)
commands = {}


def bindings():
    if CERTIFICATE is None:
        return None
    with open(CERTIFICATE) as file:
        pem = re.search("-----BEGIN CERTIFICATE.*?END CERTIFICATE-----", file.read(), re.S).group(0)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def answer(message):
    action = re.search(r"<a:Action[^>]*>[^<]*/(\w+)</a:Action>", message).group(1)
    if action == "Create":
        return "<rsp:Shell><rsp:ShellId>1</rsp:ShellId></rsp:Shell>"
    if action == "Command":
        command = re.search(r"<rsp:Command>(.*?)</rsp:Command>", message, re.S).group(1)
        commands["1"] = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
        return "<rsp:CommandResponse><rsp:CommandId>1</rsp:CommandId></rsp:CommandResponse>"
    if action == "Receive":
        ended = commands["1"]
        output = base64.b64encode(ended.stdout).decode()
        return (
            f'<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="1">{output}</rsp:Stream><rsp:CommandState '
            f'CommandId="1" State="x/CommandState/Done"><rsp:ExitCode>{ended.returncode}</rsp:ExitCode>'
            "</rsp:CommandState></rsp:ReceiveResponse>"
        )
    return ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    context = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Negotiate":
            if self.context is None:
                self.context = spnego.server(protocol="ntlm", channel_bindings=bindings())
            try:
                challenge = self.context.step(base64.b64decode(token))
            except spnego.exceptions.SpnegoError:
                self.context = None
                return self.say(401, b"", {"WWW-Authenticate": "Negotiate"})
            if challenge is not None:
                return self.say(401, b"", {"WWW-Authenticate": "Negotiate " + base64.b64encode(challenge).decode()})
            return self.say(200, b"")
        if self.context is None or not self.context.complete:
            return self.say(401, b"", {"WWW-Authenticate": "Negotiate"})
        if CERTIFICATE is not None:
            return self.say(200, (ENVELOPE % answer(body.decode())).encode())
        sealed = body.split(b"application/octet-stream\r\n", 1)[1][: -len(f"--{PART}--\r\n")]
        length = int.from_bytes(sealed[:4], "little")
        message = self.context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
        plain = (ENVELOPE % answer(message.decode())).encode()
        wrapped = self.context.wrap_winrm(plain)
        head = (
            f"--{PART}\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: "
            f"type=application/soap+xml;charset=UTF-8;Length={len(plain)}\r\n"
            f"--{PART}\r\n\tContent-Type: application/octet-stream\r\n"
        ).encode()
        whole = head + len(wrapped.header).to_bytes(4, "little") + wrapped.header + wrapped.data
        kind = f'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="{PART}"'
        return self.say(200, whole + f"--{PART}--\r\n".encode(), {"Content-Type": kind})

    def say(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if CERTIFICATE is not None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
