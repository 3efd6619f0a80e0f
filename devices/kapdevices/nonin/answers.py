"""What command answers and status bits say about the oximeter itself, in words."""

from __future__ import annotations

from kapdevices.nonin import frames
from kapdevices.nonin.commands import clock_answer
from kapdevices.readings import DeviceStatus, Reading


def answer_readings(run: bytes) -> list[Reading]:
    """What recognised command answers say. A serial number identifies a device and is not passed on."""
    readings: list[Reading] = []
    for answer in frames.split_asides(run):
        if answer[0] == frames.NAK:
            readings.append(DeviceStatus("command-refused", "the oximeter refused a command"))
        clock = clock_answer(answer)
        if clock is not None:
            readings.append(DeviceStatus("device-clock", f"the oximeter's clock says {clock}"))
    return readings


def battery_status(low: bool) -> DeviceStatus:
    """A change of the battery's state in words."""
    if low:
        return DeviceStatus("low-battery", "the oximeter's battery is low")
    return DeviceStatus("battery-good", "the oximeter's battery is good again")
