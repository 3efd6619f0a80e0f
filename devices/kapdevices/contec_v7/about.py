"""What packets other than measurements say about the oximeter itself, in words and on change only.

Identifier and user name can point to a patient: they are passed over.
"""

from __future__ import annotations

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.packets import REASONS, payload
from kapdevices.readings import DeviceStatus, Reading


class About:
    """Remembers what was said, so that nothing is said twice."""

    def __init__(self) -> None:
        self._model_begin: str | None = None
        self._model = ""
        self._gone: int | None = None

    def take(self, packet: bytes) -> list[Reading]:
        """What is new in a packet."""
        said = payload(packet)
        if packet[0] == packets.LIVE:
            self._gone = None
        elif packet[0] == packets.MODEL:
            return self._name(said)
        elif packet[0] == packets.GOODBYE and said[0] != self._gone:
            self._gone = said[0]
            return [DeviceStatus("device-off", f"the oximeter ends the connection: {REASONS.get(said[0], 'unknown')}")]
        elif packet[0] == packets.FEEDBACK and said[1]:
            reason = REASONS.get(said[1], "unknown")
            return [DeviceStatus("command-refused", f"the oximeter refused command {said[0]:02X}: {reason}")]
        return []

    def _name(self, said: bytes) -> list[Reading]:
        """The name comes in two packets; the second is numbered 1 by the maker and FF by a real CMS50D+."""
        if said[0] == 0:
            self._model_begin = packets.text_of(said[1:])
            return []
        begin, self._model_begin = self._model_begin, None
        model = "" if begin is None else begin + packets.text_of(said[1:])
        if not model or model == self._model:
            return []
        self._model = model
        return [DeviceStatus("device-model", f"the oximeter is a {model}")]
