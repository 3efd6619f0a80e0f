"""Philips Hue, CLIP v2 in the local network (room light reference 4.6): grouped lights, pairing, pinned certificate."""

from __future__ import annotations

import hashlib
import ssl

from kapdevices.lights.http import Host, Request, in_json, json_request
from kapdevices.lights.lamp import NotSent

PAIRING = "press the button on the bridge, then confirm here within 30 seconds"
BUTTON_NOT_PRESSED = 101


class ButtonNotPressed(NotSent):
    """The bridge waits for its button."""


class Hue:
    """One grouped light as a transition lamp. `signaling` and effects flash the lamps and are never used."""

    longest_s = 6000.0
    gap_s = 1.0
    """The bridge takes about one group command a second."""

    def __init__(self, group: str, key: str) -> None:
        """`group`: id of a grouped_light; `key`: the application key of pairing. Raises ValueError."""
        if not group or not group.replace("-", "").isalnum():
            raise ValueError(f"{group!r} is no id of a grouped light")
        self._path = f"/clip/v2/resource/grouped_light/{group}"
        self._headers = {"hue-application-key": key}

    def put(self, level: float, fade_s: float, cct_k: int | None) -> Request:
        """Off is `on: false`: brightness 0 is a lamp's minimum."""
        body: dict[str, object] = {"on": {"on": level > 0}, "dynamics": {"duration": round(fade_s * 1000)}}
        if level > 0:
            body["dimming"] = {"brightness": round(level * 100, 2)}
            if cct_k is not None:
                body["color_temperature"] = {"mirek": min(500, max(153, round(1e6 / cct_k)))}
        return json_request("PUT", self._path, body, self._headers)

    def put_done(self, reply: bytes) -> None:
        """See Dialect."""
        _no_errors(in_json(reply))

    def beat(self) -> Request | None:
        """None."""
        return None

    def look(self) -> Request:
        """See Dialect."""
        return json_request("GET", self._path, None, self._headers)

    def seen(self, reply: bytes) -> float | None:
        """See Dialect."""
        for light in _no_errors(in_json(reply)):
            on, dimming = light.get("on"), light.get("dimming")
            if isinstance(on, dict) and on.get("on") is False:
                return 0.0
            if isinstance(dimming, dict) and isinstance(dimming.get("brightness"), int | float):
                return float(dimming["brightness"]) / 100
        return None


def _no_errors(value: object) -> list[dict[str, object]]:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise NotSent("the answer is not that of a Hue bridge")
    errors = value.get("errors")
    if errors:
        first = errors[0] if isinstance(errors, list) else errors
        words = first.get("description") if isinstance(first, dict) else first
        raise NotSent(f"the Hue bridge says: {words}")
    return [entry for entry in value["data"] if isinstance(entry, dict)]


def certificate_of(host: str, port: int = 443, timeout_s: float = 5.0) -> str:
    """The certificate (PEM) that a bridge shows; to be pinned at pairing and trusted alone from then on.

    Raises NotSent.
    """
    try:
        return ssl.get_server_certificate((host, port), timeout=timeout_s)
    except OSError as error:
        raise NotSent(f"{host} cannot be reached ({error.strerror or error})") from None


def fingerprint(certificate_pem: str) -> str:
    """SHA-256 of a certificate, as people compare it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate_pem)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def pair_request(room: str) -> Request:
    """Ask the bridge for a key."""
    return json_request("POST", "/api", {"devicetype": f"kapconsole#{room[:19]}", "generateclientkey": True})


def paired_key(reply: bytes) -> str:
    """The application key in the answer. Raises ButtonNotPressed, NotSent."""
    value = in_json(reply)
    for entry in value if isinstance(value, list) else ():
        if not isinstance(entry, dict):
            continue
        error, success = entry.get("error"), entry.get("success")
        if isinstance(error, dict):
            if error.get("type") == BUTTON_NOT_PRESSED:
                raise ButtonNotPressed(PAIRING)
            raise NotSent(f"the Hue bridge says: {error.get('description')}")
        if isinstance(success, dict) and isinstance(success.get("username"), str):
            return str(success["username"])
    raise NotSent("the answer is not that of a Hue bridge")


def rooms(host: Host, key: str) -> dict[str, str]:
    """Names of the bridge's rooms and the id of the grouped light of each. Raises NotSent."""
    reply = host.exchange(json_request("GET", "/clip/v2/resource/room", None, {"hue-application-key": key}))
    found = {}
    for room in _no_errors(in_json(reply)):
        metadata, services = room.get("metadata"), room.get("services")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        for service in services if isinstance(services, list) else ():
            if isinstance(service, dict) and service.get("rtype") == "grouped_light" and isinstance(name, str):
                found[name] = str(service.get("rid"))
    return found
