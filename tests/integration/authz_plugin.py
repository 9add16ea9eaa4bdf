# SPDX-License-Identifier: Apache-2.0
"""An authorization plugin for dockerd that allows everything, and counts what it is asked."""

import contextlib
import http.server
import json
import os
import socketserver
import threading

FOLDER = "/run/docker/plugins"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        activating = self.path == "/Plugin.Activate"
        body = json.dumps({"Implements": ["authz"]} if activating else {"Allow": True}).encode()
        self.server.asked += not activating
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.plugins.v1.1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    asked = 0

    def get_request(self):
        request, _ = super().get_request()
        return request, ("dockerd", 0)


@contextlib.contextmanager
def running(name):
    """The plugin, while it runs: a server with `asked`, the number of times that it was asked."""
    os.makedirs(FOLDER, exist_ok=True)
    path = os.path.join(FOLDER, f"{name}.sock")
    with Server(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            os.unlink(path)
