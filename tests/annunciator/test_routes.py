"""Alarm and music may not share a name or a card, as far as names tell."""

from __future__ import annotations

import pytest

from kapconsole.annunciator.routes import card_of, doubts, refusal

REALTEK = "PulseAudio: alsa_output.pci-0000_00_1f.3.analog-stereo"
USB = "PulseAudio: alsa_output.usb-Generic_USB_Audio-00.analog-stereo"


@pytest.mark.parametrize(
    ("alarm_out", "patient_out"),
    [
        (USB, REALTEK),
        ("", REALTEK),
        (USB, ""),
        ("PulseAudio: room", "PulseAudio: patient"),
        ("ALSA: USB Audio: - (hw:1,0)", "ALSA: HDA Intel PCH: ALC257 Analog (hw:0,0)"),
        ("Windows WASAPI: Speakers (2- USB Audio Device)", "Windows WASAPI: Speakers (USB Audio Device)"),
        ("Core Audio: MacBook Pro Speakers", "Core Audio: USB Headset"),
    ],
)
def test_two_outputs_that_are_two(alarm_out: str, patient_out: str) -> None:
    assert refusal(alarm_out, patient_out) == ""


@pytest.mark.parametrize(
    ("alarm_out", "patient_out", "words"),
    [
        (USB, USB, "both"),
        (USB, USB.removeprefix("PulseAudio: "), "both"),
        (REALTEK, "PulseAudio: alsa_output.pci-0000_00_1f.3.hdmi-stereo", "one sound card"),
        (
            "PulseAudio: alsa_output.pci-0000_00_1f.3-platform-skl.HiFi__Speaker__sink",
            "PulseAudio: alsa_output.pci-0000_00_1f.3-platform-skl.HiFi__Headphones__sink",
            "one sound card",
        ),
        ("ALSA: HDA Intel PCH: HDMI 0 (hw:0,3)", "ALSA: HDA Intel PCH: ALC257 Analog (hw:0,0)", "one sound card"),
        (
            "Windows WASAPI: Speakers (Realtek(R) Audio)",
            "Windows WASAPI: Headphones (Realtek(R) Audio)",
            "one sound card",
        ),
        ("default", USB, "alarm_out = 'default'"),
        (USB, "PulseAudio: pipewire", "patient_out = "),
    ],
)
def test_two_that_could_stand_for_each_other_are_refused(alarm_out: str, patient_out: str, words: str) -> None:
    assert words in refusal(alarm_out, patient_out)
    assert refusal(patient_out, alarm_out)


def test_an_unset_output_is_a_doubt() -> None:
    assert [words.split(" (")[0] for words in doubts("", "")] == [
        "no alarm speaker is set",
        "no output for the patient's headphones is set",
    ]
    assert doubts(USB, REALTEK) == []


def test_an_unknown_name_tells_no_card() -> None:
    assert card_of("Core Audio: External Headphones") == ""
