"""WLED's JSON interface (room light reference 4.5): brightness 0-255, transitions in tenths of a second."""

from __future__ import annotations

from kapdevices.lights.http import Request, in_json, json_request
from kapdevices.lights.lamp import NotSent


class Wled:
    """A WLED strip as a transition lamp. Its effects are never used."""

    longest_s = 65.5
    gap_s = 0.1

    def put(self, level: float, fade_s: float, cct_k: int | None) -> Request:
        """`tt` holds for this call alone, where `transition` would stay. `v` asks for the state as confirmation."""
        tenths = min(655, max(0, round(fade_s * 10)))
        brightness = round(level * 255)
        body: dict[str, object] = {"on": brightness > 0, "tt": tenths, "v": True}
        if brightness:
            body["bri"] = brightness
        if cct_k is not None:
            body["seg"] = [{"cct": min(10091, max(1900, cct_k))}]
        return json_request("POST", "/json/state", body)

    def put_done(self, reply: bytes) -> None:
        """See Dialect."""
        self.seen(reply)

    def beat(self) -> Request | None:
        """None."""
        return None

    def look(self) -> Request:
        """See Dialect."""
        return json_request("GET", "/json/state")

    def seen(self, reply: bytes) -> float | None:
        """See Dialect."""
        value = in_json(reply)
        if not isinstance(value, dict):
            raise NotSent("the answer is not that of a WLED")
        on, brightness = value.get("on"), value.get("bri")
        if not isinstance(on, bool) or not isinstance(brightness, int):
            raise NotSent("the answer is not that of a WLED")
        return brightness / 255 if on else 0.0
