"""A real tus client (tuspy) sends photos over a line that is cut at random bytes, until each is whole.

Between the client and the server stands a line of our own: it passes bytes on and hangs up after a number of
them drawn from a seed. The client learns of it as of any lost connection and goes on as it does by itself: HEAD for
the offset, PATCH from there. Only one thing is added to it: each request shows the phone's token and a fresh
proof (DPoP), by a hook around `requests`, since tuspy sends fixed headers.

Usage: cut.py SERVER ENROLMENT_CODE
"""

import hashlib
import os
import random
import socket
import sys
import tempfile
import threading

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

sys.path.append(os.path.join(os.path.dirname(__file__), ".."))

from phone import Phone  # noqa: E402

SEED = 5
FILES = 6
CUTS_MAX = 200


class Line:
    """Passes bytes between the client and the server; hangs up after as many as it was told to."""

    def __init__(self, server):
        host, port = server.removeprefix("http://").rsplit(":", 1)
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.budget = None
        self.cuts = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.server)
            threading.Thread(target=self.up, args=(client, server), daemon=True).start()
            threading.Thread(target=self.down, args=(server, client), daemon=True).start()

    def allowed(self, wanted):
        with self.lock:
            if self.budget is None:
                return wanted
            allowed = min(wanted, self.budget)
            self.budget -= allowed
            if allowed < wanted:
                self.cuts += 1
                self.budget = None
            return allowed

    def up(self, client, server):
        try:
            while data := client.recv(16384):
                allowed = self.allowed(len(data))
                server.sendall(data[:allowed])
                if allowed < len(data):
                    break
        except OSError:
            pass
        hang_up(client, server)

    def down(self, server, client):
        try:
            while data := server.recv(16384):
                client.sendall(data)
        except OSError:
            pass
        hang_up(client, server)


def hang_up(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def send(line, file, sha256, seeded, checked):
    """Sends one file; gives how often the client had to go on."""
    metadata = {"sha256": sha256, "document": "01HZ0000000000000000000000", "media": "image/jpeg"}
    client = TusClient(f"{line.url}/v1/files")
    url, again = None, 0
    while again < CUTS_MAX:
        line.budget = seeded.randrange(1, 120_000)
        try:
            uploader = client.uploader(
                file, url=url, metadata=metadata, chunk_size=64 * 1024, upload_checksum=checked
            )
            url = url or uploader.create_url()
            uploader.set_url(url)
            uploader.upload()
            line.budget = None
            return url, again
        except (TusCommunicationError, TusUploadFailed, requests.exceptions.RequestException) as error:
            status = getattr(error, "status_code", None)
            assert status in (None, 409, 423, 460), f"the server said {status}"
            again += 1
    raise AssertionError("it did not come to an end")


def main():
    server, code = sys.argv[1:]
    phone = Phone(server, code)
    plain = requests.Session.request

    def shown(session, method, url, **more):
        if url.startswith(line.url):
            own = phone.headers(method.upper(), url)
            more["headers"] = {**(more.get("headers") or {}), **own}
        return plain(session, method, url, timeout=30, **{k: v for k, v in more.items() if k != "timeout"})

    line = Line(server)
    requests.Session.request = shown
    seeded = random.Random(SEED)
    for n in range(FILES):
        data = seeded.randbytes(seeded.randrange(1, 700_000))
        sha256 = hashlib.sha256(data).hexdigest()
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(data)
            file.flush()
            url, again = send(line, file.name, sha256, seeded, checked=n % 2 == 0)
        stands = requests.head(url, headers={"Tus-Resumable": "1.0.0"})
        assert int(stands.headers["Upload-Offset"]) == len(data), stands.headers
        print(f"photo {n}: {len(data)} bytes whole, gone on {again} times")
    assert line.cuts > 0, "the line was never cut"
    print(f"seed {SEED}: {FILES} photos whole, line cut {line.cuts} times")


main()
