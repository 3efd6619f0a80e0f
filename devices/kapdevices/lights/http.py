"""One HTTP request to a lamp's controller in the local network: standard library, limits on time and size."""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import urlsplit

import msgspec

from kapdevices.lights.lamp import NotSent, TryLater

TIMEOUT_S = 3.0
"""A lamp that has not confirmed by then has not done it."""

LARGEST_BYTES = 1_000_000
PATIENCE_S = 1.0
LONGEST_PATIENCE_S = 10.0


class Request(msgspec.Struct, frozen=True):
    """A request without its host. `body` is JSON; `headers` besides those that every request has."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = {}


def json_request(method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Request:
    """A request with a JSON body."""
    return Request(method, path, b"" if body is None else msgspec.json.encode(body), headers or {})


def in_json(reply: bytes) -> object:
    """The reply's value. Raises NotSent when it is no JSON."""
    try:
        return msgspec.json.decode(reply)
    except msgspec.DecodeError:
        raise NotSent("the answer cannot be understood: is this the right address?") from None


class Host:
    """Where requests go: `http://host[:port]` or `https://host[:port]` with a pinned certificate."""

    def __init__(self, url: str, certificate_pem: str = "") -> None:
        """`certificate_pem`: the only certificate that is taken. Raises ValueError for an address that is none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address; write http://host or https://host")
        if parts.path not in ("", "/"):
            raise ValueError(f"{url!r}: leave away what stands behind the host")
        self.name = parts.hostname
        self._port = parts.port
        self._context = pinned(certificate_pem) if parts.scheme == "https" else None

    def exchange(self, request: Request, timeout_s: float = TIMEOUT_S) -> bytes:
        """The body of the answer to `request`, within `timeout_s`. Raises NotSent, TryLater for 429 and 503."""
        until_s = time.monotonic() + timeout_s
        connection = self._connection(timeout_s)
        response: http.client.HTTPResponse | None = None
        try:
            headers = {"Content-Type": "application/json", "Connection": "close", **request.headers}
            connection.request(request.method, request.path, request.body or None, headers)
            response = connection.getresponse()
            body = b""
            while data := response.read1(65536):
                body += data
                if time.monotonic() > until_s or len(body) > LARGEST_BYTES:
                    raise NotSent(f"{self.name} does not come to an end with its answer")
        except ssl.SSLError:
            raise NotSent(f"{self.name} shows another certificate than at pairing: pair it again") from None
        except TimeoutError:
            raise NotSent(f"{self.name} does not answer") from None
        except (OSError, http.client.HTTPException) as error:
            raise NotSent(f"{self.name} cannot be reached ({getattr(error, 'strerror', None) or error})") from None
        finally:
            if response is not None:
                response.close()  # by now it owns the socket
            connection.close()
        if response.status in (429, 503):
            raise TryLater(f"{self.name} is asked too often", _patience_s(response.getheader("Retry-After")))
        if response.status in (401, 403):
            raise NotSent(f"{self.name} refuses the key: pair it again or make a new token")
        if not 200 <= response.status < 300:
            raise NotSent(f"{self.name} answers with error {response.status}")
        return body

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self.name, self._port, timeout=timeout_s)
        return http.client.HTTPSConnection(self.name, self._port, timeout=timeout_s, context=self._context)


def pinned(certificate_pem: str) -> ssl.SSLContext:
    """A context that takes this one certificate and no other. Raises ValueError when there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The name in a bridge's certificate is its serial number, not its address; the certificate itself is compared.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=certificate_pem)
    except (ssl.SSLError, ValueError):
        raise ValueError("https needs the certificate that was kept at pairing") from None
    return context


def _patience_s(text: str | None) -> float:
    try:
        return min(LONGEST_PATIENCE_S, max(PATIENCE_S, float(text or PATIENCE_S)))
    except ValueError:
        return PATIENCE_S
