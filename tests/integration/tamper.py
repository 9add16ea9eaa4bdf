# SPDX-License-Identifier: Apache-2.0
"""A server between Plimsoll and a real engine, that spoils some of the answers.

What an engine never does on demand: it dies in the middle of a reply, talks nonsense, hangs, answers byte by byte.
"""

import os
import re
import shutil
import socket
import threading

import world


def split(answer):
    """Head and body of a whole answer of the engine, which closes the connection behind it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def with_body(body, status="200 OK", length=None):
    length = len(body) if length is None else length
    return (f"HTTP/1.1 {status}\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {length}\r\n\r\n").encode() + body


# Each takes the connection and the engine's answer, and sends what it likes. What it sends last is cut off.


def honest(connection, answer):
    connection.sendall(answer)


def dies(connection, answer):
    """Half of the body, and the end."""
    _, body = split(answer)
    connection.sendall(with_body(body[:len(body) // 2], length=len(body)))


def dies_at_once(connection, answer):
    pass


def dies_in_head(connection, answer):
    connection.sendall(answer[:20])


def nonsense(connection, answer):
    connection.sendall(bytes(range(256)) * 16)


def no_json(connection, answer):
    connection.sendall(with_body(b"<html>It works!</html>"))


def empty(connection, answer):
    connection.sendall(with_body(b""))


def other_types(connection, answer):
    """JSON, but all that is an object or a list is a number, and the other way round."""
    connection.sendall(with_body(b'{"Id": 7, "Name": [], "State": 3, "HostConfig": [1], "Config": "x", "Mounts": {},'
                                 b' "NetworkSettings": null, "RegistryConfig": 1, "SecurityOptions": {}, "Driver": 1,'
                                 b' "Components": "?", "ApiVersion": {}, "Version": 1, "RepoTags": {}, "Swarm": []}'))


def other_list(connection, answer):
    connection.sendall(with_body(b'[null, 1, "x", {}, {"Id": null}, {"Id": "../../info"}, []]'))


def deep(connection, answer):
    connection.sendall(with_body(b"[" * 100000))


def refuses(connection, answer):
    connection.sendall(with_body(b'{"message": "no\\nsuch luck"}', "500 Internal Server Error"))


def huge(connection, answer):
    """A body without an end; whoever reads it must have had enough at some point."""
    connection.sendall(with_body(b'{"Labels": ["', length=1 << 40))
    piece = b"x" * 65536
    while True:
        connection.sendall(piece)


def long_head(connection, answer):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Header: " + b"y" * 8000 + b"\r\n")


def drips(connection, answer):
    for i in range(len(answer)):
        connection.sendall(answer[i:i + 1])


class Hang:
    """Says nothing until it is let go."""

    def __init__(self):
        self.released = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, connection, answer):
        self.waiting.release()
        self.released.wait(120)


class Tampered:
    """A socket that answers as the engine behind it, but for paths that match spoil()'s pattern."""

    def __init__(self, engine_socket):
        self.engine = engine_socket
        self.path = world.scratch("t-")
        self.socket = os.path.join(self.path, "docker.sock")
        self.methods = set()
        self.spoiled = []  # paths that were
        self.pattern, self.way = None, honest
        self.step = 65536  # bytes that are passed on at a time
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def spoil(self, pattern, way):
        """From now on. What was asked before is answered as it was meant to be."""
        self.spoiled = []
        self.pattern, self.way = re.compile(pattern), way

    def heal(self):
        self.pattern, self.way = None, honest

    def cut(self):
        """Closes every connection, streams of events among them."""
        with self.lock:
            for s in list(self.open):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.cut()
        shutil.rmtree(self.path, ignore_errors=True)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        behind = socket.socket(socket.AF_UNIX)
        with self.lock:
            self.open |= {connection, behind}
        try:
            self._answer(connection, behind)
        except OSError:
            pass  # either side has gone
        finally:
            with self.lock:
                self.open -= {connection, behind}
            connection.close()
            behind.close()

    def _answer(self, connection, behind):
        request = b""
        while b"\r\n\r\n" not in request:
            data = connection.recv(65536)
            if not data:
                return
            request += data
        method, path, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
        self.methods.add(method)
        way = honest
        if self.pattern is not None and self.pattern.search(path):
            self.spoiled.append(path)
            way = self.way
        behind.connect(self.engine)
        # One request a connection, so that the end of an answer is the end of the stream.
        behind.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        if way is honest:
            while data := behind.recv(65536):
                for at in range(0, len(data), self.step):
                    connection.sendall(data[at:at + self.step])
            return
        answer = b""
        while "/events" not in path and (data := behind.recv(65536)):
            answer += data
        way(connection, answer)
