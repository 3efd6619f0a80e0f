"""ALARM_OUT and PATIENT_OUT must be two things that cannot stand for each other: by their names, before a session.

A card whose plug switches between loudspeaker and headphones offers both under one or several names; whoever pulls the
plug would have the alarm in the patient's ears (alarms reference, section 11, rules 1 and 5). Pure.
"""

from __future__ import annotations

import re

from kapconsole.sound.outputs import NOT_AN_OUTPUT

_SERVER = "PulseAudio"
_ALSA_CARD = re.compile(r"\(hw:(\d+),\d+\)")
_SERVER_SINK = re.compile(r"(?:alsa_output|bluez_sink|bluez_output)\.(?P<rest>.+)")
_ADAPTER = re.compile(r"\((?P<adapter>(?:[^()]|\([^()]*\))+)\)\s*$")


def bare(name: str) -> str:
    """The device's own name, without the host API before it."""
    return name.rpartition(": ")[2].strip() if name.startswith((_SERVER, "Windows", "Core Audio")) else name.strip()


def card_of(name: str) -> str:
    """The card, or adapter, to which an output belongs, as far as its name tells; empty when it does not.

    PulseAudio and PipeWire name a sink after its card, ALSA by the card's number, Windows in brackets.
    """
    found = _ALSA_CARD.search(name)
    if found:
        return f"card {found[1]}"
    found = _SERVER_SINK.match(bare(name))
    if found:
        # The last part says which profile or port of the card it is.
        return found["rest"].rpartition(".")[0] or found["rest"]
    if name.startswith("Windows"):
        found = _ADAPTER.search(name)
        if found:
            # "2- USB Audio" is the second one of its kind, and another adapter than "USB Audio".
            return found["adapter"].strip()
    return ""


def refusal(alarm_out: str, patient_out: str) -> str:
    """Why a session may not begin with these two, in words; empty when it may. An empty name is unset."""
    for role, name in (("alarm_out", alarm_out), ("patient_out", patient_out)):
        if name and bare(name).lower() in NOT_AN_OUTPUT:
            return f"{role} = {name!r}: the system would choose a device; name one (kapconsole doctor lists them)"
    if not alarm_out or not patient_out:
        return ""
    if bare(alarm_out).lower() == bare(patient_out).lower():
        return f"alarm_out and patient_out are both {alarm_out!r}: an alarm would sound in the patient's headphones"
    card = card_of(alarm_out)
    if card and card == card_of(patient_out):
        return (
            f"alarm_out and patient_out are on one sound card ({card}): pulling a plug there would send alarms to the"
            " patient. Use another card, for example a USB one, for one of them"
        )
    return ""


def doubts(alarm_out: str, patient_out: str) -> list[str]:
    """What is missing for a room in which alarms are heard and music is safe, in words."""
    said = []
    if not alarm_out:
        said.append("no alarm speaker is set (alarm_out in config.toml): alarms will not be heard")
    if not patient_out:
        said.append("no output for the patient's headphones is set (patient_out in config.toml): there is no music")
    return said
