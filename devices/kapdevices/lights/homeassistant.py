"""Home Assistant's REST interface (room light reference 4.7): a light, or a switch that is on or off."""

from __future__ import annotations

from kapdevices.lights.http import Request, in_json, json_request
from kapdevices.lights.lamp import NotSent

TRANSITION = 32
"""Bit of `supported_features`: the light fades by itself."""


class HomeAssistant:
    """One entity as a transition lamp. `fades`: whether the light does transitions; otherwise it is stepped."""

    gap_s = 0.5

    def __init__(self, entity: str, token: str, fades: bool = True, heartbeat: str = "") -> None:
        """`heartbeat`: an input_button that is pressed every 5 s, for an automation that misses it.

        Raises ValueError for an entity that is neither a light nor a switch, and for a heartbeat that is no button.
        """
        domain, _, name = entity.partition(".")
        if domain not in ("light", "switch") or not name:
            raise ValueError(f"{entity!r} is neither light.NAME nor switch.NAME")
        if heartbeat and not heartbeat.startswith("input_button."):
            raise ValueError(f"{heartbeat!r} is no input_button.NAME")
        self._entity, self._domain, self._heartbeat = entity, domain, heartbeat
        self._headers = {"Authorization": f"Bearer {token}"}
        self._fades = fades and domain == "light"
        self.longest_s = 6000.0 if self._fades or domain == "switch" else 0.0

    def put(self, level: float, fade_s: float, cct_k: int | None) -> Request:
        """A service call; a switch is on from half."""
        body: dict[str, object] = {"entity_id": self._entity}
        on = level >= 0.5 if self._domain == "switch" else level > 0
        if self._domain == "light" and on:
            body["brightness_pct"] = max(0.1, round(level * 100, 1))
            if cct_k is not None:
                body["color_temp_kelvin"] = cct_k
        if self._fades:
            body["transition"] = round(fade_s, 1)
        return self._request("POST", f"/api/services/{self._domain}/{'turn_on' if on else 'turn_off'}", body)

    def put_done(self, reply: bytes) -> None:
        """The states that changed, as a list; it may be empty."""
        if not isinstance(in_json(reply), list):
            raise NotSent("the answer is not that of Home Assistant")

    def beat(self) -> Request | None:
        """See Dialect."""
        if not self._heartbeat:
            return None
        return self._request("POST", "/api/services/input_button/press", {"entity_id": self._heartbeat})

    def look(self) -> Request:
        """See Dialect."""
        return self._request("GET", f"/api/states/{self._entity}")

    def seen(self, reply: bytes) -> float | None:
        """See Dialect. A light without transitions is found here and stepped from then on."""
        value = in_json(reply)
        if not isinstance(value, dict) or not isinstance(value.get("state"), str):
            raise NotSent("the answer is not that of Home Assistant")
        if value["state"] in ("unavailable", "unknown"):
            raise NotSent(f"{self._entity} is {value['state']} in Home Assistant")
        attributes = value.get("attributes")
        features = attributes.get("supported_features") if isinstance(attributes, dict) else None
        if self._domain == "light" and isinstance(features, int) and not features & TRANSITION:
            self._fades, self.longest_s = False, 0.0
        if value["state"] == "off":
            return 0.0
        brightness = attributes.get("brightness") if isinstance(attributes, dict) else None
        return brightness / 255 if isinstance(brightness, int | float) else 1.0

    def _request(self, method: str, path: str, body: object = None) -> Request:
        return json_request(method, path, body, self._headers)
