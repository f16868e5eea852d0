"""A server of canned answers, for tests of what speaks to the API."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

__all__ = ["serve_api"]


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        kind = self.headers.get("Content-Type") or ""
        body = (json.loads(raw) if "json" in kind else raw) if length else None
        self.server.seen.append((self.command, self.path, self.headers, body))
        status, answer, headers = self.server.answers.pop(0)
        data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode("utf-8")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, *args):
        pass


class _Server(HTTPServer):
    def handle_error(self, request, client_address):
        """Says nothing: a client that does not trust the certificate goes away."""


def serve_api(test, certificate=None):
    """A server until the test ends: `.url`; `.answer(status, body, headers)` queues answers; `.seen` has the requests.

    With a certificate (a file with its key) it speaks https.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.seen = []
    server.answers = []
    server.answer = lambda status, body=None, headers=None: server.answers.append((status, body, headers or {}))
    server.url = ("https" if certificate else "http") + "://127.0.0.1:%d/v1" % server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server
