"""Which sound card an output belongs to, by its name, and why two outputs may not have the two roles; pure.

Two outputs of one card may be one jack: headphones that are plugged in would take the alarm away from the room, or
give it to the patient (alarms reference 11, rules 1 and 5). No system says this; the names do, mostly.
"""

from __future__ import annotations

import re

_HW = re.compile(r"\(hw:(\d+|[\w-]+)(?:,\d+)?\)")
_WINDOWS = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*$")
BUILT_IN = ("macbook", "built-in", "imac", "mac mini", "external headphones")


def card_of(output: str) -> str:
    """The card of an output, by its full name ("HOST API: NAME"); the name itself where nothing is known of it."""
    api, _, name = output.rpartition(": ")
    plain = name.strip()
    if plain.startswith("alsa_output."):
        # "alsa_output.CARD.PROFILE": the profile is the jack.
        return plain.rpartition(".")[0] if plain.count(".") >= 2 else plain
    if plain.startswith("bluez_"):
        return ".".join(plain.split(".")[:2])
    if found := _HW.search(plain):
        return f"hw:{found[1]}"
    if "WASAPI" in api and (device := _WINDOWS.search(plain)):
        return device[1]
    if "Core Audio" in api and any(word in plain.lower() for word in BUILT_IN):
        return "built-in"
    return plain


def role_trouble(patient_out: str, alarm_out: str) -> str:
    """Why these two may not be PATIENT_OUT and ALARM_OUT, in words; empty: they may, as far as names tell."""
    if not patient_out or not alarm_out:
        return ""
    if patient_out.rpartition(": ")[2] == alarm_out.rpartition(": ")[2]:
        return "the same output cannot be both: the alarm would sound in the patient's ears"
    if card_of(patient_out) == card_of(alarm_out):
        return (
            "both are outputs of one sound card: plugging in the headphones could take the alarm from the room. "
            "Use a second card for one of them, for example a USB one"
        )
    return ""
