"""A controller on this machine that keeps the requests that it got, and answers as a test wants."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = tuple[int, bytes, dict[str, str]]


class Asked:
    """One request as it arrived."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.at_s = time.monotonic()
        self.method, self.path, self.headers = method, path, headers
        self.json: Any = json.loads(body) if body else None


class Controller:
    """`answer` decides; `asked` gets every request."""

    def __init__(self) -> None:
        self.asked: queue.Queue[Asked] = queue.Queue()
        self.answer: Callable[[Asked], Answer] = lambda asked: (200, b"{}", {})
        self.released = threading.Event()
        controller = self

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, self.path, dict(self.headers), body)
                controller.asked.put(asked)
                status, reply, headers = controller.answer(asked)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(reply)))
                    self.end_headers()
                    self.wfile.write(reply)
                except OSError:
                    pass  # who asked has lost patience

            do_GET = do_POST = do_PUT = _do  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def next(self, method: str = "") -> Asked:
        """The next request, of a method if one is named."""
        while True:
            asked = self.asked.get(timeout=10)
            if not method or asked.method == method:
                return asked

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def controller() -> Iterator[Controller]:
    """A controller that says {} to everything until told otherwise."""
    made = Controller()
    yield made
    made.close()
