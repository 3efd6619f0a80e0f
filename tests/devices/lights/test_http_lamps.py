"""WLED, Home Assistant and Hue against a controller that checks requests, is slow, refuses, errs or is gone."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kapdevices.lights import hue, transition
from kapdevices.lights.homeassistant import HomeAssistant
from kapdevices.lights.http import Host, json_request
from kapdevices.lights.hue import Hue
from kapdevices.lights.lamp import NotSent, Step, TryLater
from kapdevices.lights.transition import Part, TransitionLamp, parts
from kapdevices.lights.wled import Wled

GROUP = "1f0c8b4e-0000-4000-8000-000000000001"


def wled_answer(asked: Any) -> tuple[int, bytes, dict[str, str]]:
    return 200, json.dumps({"on": True, "bri": (asked.json or {}).get("bri", 77)}).encode(), {}


def until(lamp: TransitionLamp, true: Any) -> None:
    waited = threading.Event()
    for _ in range(1000):
        if true():
            return
        waited.wait(0.01)
    raise AssertionError(f"it did not come to that; {lamp.status}")


# -- requests, pure -------------------------------------------------------------------------------------------------


def test_wled_is_asked_for_this_call_alone_and_to_confirm() -> None:
    asked = Wled().put(0.3, 8.0, None)
    assert (asked.method, asked.path) == ("POST", "/json/state")
    assert json.loads(asked.body) == {"on": True, "bri": 76, "tt": 80, "v": True}
    assert json.loads(Wled().put(0.0, 2.0, None).body) == {"on": False, "tt": 20, "v": True}


def test_home_assistant_gets_percent_seconds_and_the_token() -> None:
    asked = HomeAssistant("light.session_room", "TOKEN").put(0.3, 8.0, 2700)
    assert asked.path == "/api/services/light/turn_on"
    assert asked.headers == {"Authorization": "Bearer TOKEN"}
    assert json.loads(asked.body) == {
        "entity_id": "light.session_room",
        "brightness_pct": 30.0,
        "color_temp_kelvin": 2700,
        "transition": 8.0,
    }
    off = HomeAssistant("light.session_room", "T").put(0.0, 5.0, None)
    assert off.path == "/api/services/light/turn_off"
    assert json.loads(off.body)["transition"] == 5.0


def test_a_switch_has_no_brightness() -> None:
    asked = HomeAssistant("switch.lamp", "T").put(0.6, 10.0, None)
    assert asked.path == "/api/services/switch/turn_on"
    assert json.loads(asked.body) == {"entity_id": "switch.lamp"}
    with pytest.raises(ValueError, match="neither light"):
        HomeAssistant("lock.door", "T")


def test_hue_gets_one_grouped_call_in_milliseconds() -> None:
    asked = Hue(GROUP, "KEY").put(0.3, 8.0, 2700)
    assert (asked.method, asked.path) == ("PUT", f"/clip/v2/resource/grouped_light/{GROUP}")
    assert asked.headers == {"hue-application-key": "KEY"}
    assert json.loads(asked.body) == {
        "on": {"on": True},
        "dimming": {"brightness": 30.0},
        "dynamics": {"duration": 8000},
        "color_temperature": {"mirek": 370},
    }
    assert json.loads(Hue(GROUP, "K").put(0, 4, None).body) == {"on": {"on": False}, "dynamics": {"duration": 4000}}


def test_a_long_fade_is_cut_into_equal_parts_on_one_line() -> None:
    cut = parts(0.1, Step(0.7, 180.0), 65.5)
    assert [(part.after_s, part.fade_s) for part in cut] == [(0.0, 60.0), (60.0, 60.0), (120.0, 60.0)]
    assert [round(part.level, 6) for part in cut] == [0.3, 0.5, 0.7]
    assert parts(0.1, Step(0.7, 65.5), 65.5) == [Part(0.0, 0.7, 65.5)]


def test_a_light_that_cannot_fade_is_stepped_twice_a_second() -> None:
    cut = parts(0.0, Step(1.0, 2.0), 0.0)
    assert cut == [Part(0.5, 0.25, 0.0), Part(1.0, 0.5, 0.0), Part(1.5, 0.75, 0.0), Part(2.0, 1.0, 0.0)]


def test_hue_pairing_words() -> None:
    with pytest.raises(hue.ButtonNotPressed, match="press the button"):
        hue.paired_key(b'[{"error":{"type":101,"address":"","description":"link button not pressed"}}]')
    assert hue.paired_key(b'[{"success":{"username":"KEY","clientkey":"C"}}]') == "KEY"
    with pytest.raises(NotSent, match="not that of a Hue bridge"):
        hue.paired_key(b'{"a":1}')


@pytest.mark.parametrize("reply", [b"", b"[]", b"3", b'{"on":1}', b"\xff", b'{"data":7}', b'{"data":[],"errors":7}'])
def test_nonsense_is_no_confirmation(reply: bytes) -> None:
    for dialect in (Wled(), Hue(GROUP, "K"), HomeAssistant("light.x", "T")):
        with pytest.raises(NotSent):
            dialect.seen(reply)


# -- against a controller -------------------------------------------------------------------------------------------


def test_a_step_is_sent_once_and_confirmed_when_it_is_over(controller: Any) -> None:
    controller.answer = wled_answer
    lamp = TransitionLamp("strip", Host(controller.url), Wled())
    lamp.go(0.0, Step(0.5, 0.1))
    asked = controller.next("POST")
    assert asked.json == {"on": True, "bri": 128, "tt": 1, "v": True}
    assert controller.next("GET").path == "/json/state"
    until(lamp, lambda: lamp.status.confirmed is not None)
    assert lamp.status.confirmed == 77 / 255
    assert lamp.status.trouble == ""
    lamp.close()
    assert all(controller.asked.get().method == "GET" for _ in range(controller.asked.qsize()))


def test_the_newest_wish_replaces_what_was_left_of_a_long_fade(
    controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wled, "longest_s", 0.2)
    controller.answer = wled_answer
    lamp = TransitionLamp("strip", Host(controller.url), Wled())
    lamp.go(0.0, Step(1.0, 60.0))
    first = controller.next("POST").json
    assert first["tt"] == 2
    lamp.go(0.1, Step(0.2, 0.1))
    while (asked := controller.next("POST").json)["bri"] != 51:
        assert asked["bri"] < 20, "the old fade went on"
    until(lamp, lambda: lamp.idle)
    lamp.close()


def test_429_is_tried_once_more_and_then_left_alone(controller: Any) -> None:
    controller.answer = lambda asked: (429 if asked.method == "PUT" else 200, b"", {"Retry-After": "1"})
    lamp = TransitionLamp("bridge", Host(controller.url), Hue(GROUP, "K"))
    lamp.go(0.0, Step(0.5, 1.0))
    first, second = controller.next("PUT"), controller.next("PUT")
    assert second.at_s - first.at_s >= 0.9
    until(lamp, lambda: "asked too often" in lamp.status.trouble)
    threading.Event().wait(1.5)
    lamp.close()
    assert not any(controller.asked.get().method == "PUT" for _ in range(controller.asked.qsize())), "a storm"


def test_a_lamp_that_comes_back_is_brought_where_it_should_be(controller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transition, "LOOK_AGAIN_S", 0.2)
    controller.answer = lambda asked: (500, b"", {})
    lamp = TransitionLamp("strip", Host(controller.url), Wled())
    lamp.go(0.0, Step(0.5, 0.1))
    controller.next("POST"), controller.next("POST")
    until(lamp, lambda: lamp.status.trouble == "127.0.0.1 answers with error 500")
    controller.answer = wled_answer
    again = controller.next("POST").json
    assert again["bri"] == 128
    assert again["tt"] >= 20, "it came back with a jump"
    until(lamp, lambda: lamp.status.trouble == "")
    lamp.close()


def test_a_slow_controller_is_given_up_and_the_caller_never_waits(controller: Any) -> None:
    def slow(asked: Any) -> tuple[int, bytes, dict[str, str]]:
        controller.released.wait(20)
        return wled_answer(asked)

    controller.answer = slow
    with pytest.raises(NotSent, match="does not answer"):
        Host(controller.url).exchange(json_request("GET", "/"), timeout_s=0.2)
    controller.released.set()


def test_an_absent_controller_is_told_in_words() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        lamp = TransitionLamp("strip", Host(f"http://127.0.0.1:{port}"), Wled())
        lamp.go(0.0, Step(0.5, 1.0))
        until(lamp, lambda: lamp.status.trouble)
        assert "cannot be reached" in lamp.status.trouble
        lamp.close()


def test_errors_are_words_for_a_person(controller: Any) -> None:
    host = Host(controller.url)
    for status, words in ((401, "refuses the key"), (404, "error 404")):
        controller.answer = lambda asked, status=status: (status, b"", {})
        with pytest.raises(NotSent, match=words):
            host.exchange(json_request("GET", "/"))
    controller.answer = lambda asked: (503, b"", {"Retry-After": "999"})
    with pytest.raises(TryLater) as trouble:
        host.exchange(json_request("GET", "/"))
    assert trouble.value.after_s == 10.0


def test_a_light_without_transitions_is_found_out_and_stepped(controller: Any) -> None:
    def answer(asked: Any) -> tuple[int, bytes, dict[str, str]]:
        if asked.method == "GET":
            state = {"state": "on", "attributes": {"brightness": 51, "supported_features": 0}}
            return 200, json.dumps(state).encode(), {}
        return 200, b"[]", {}

    controller.answer = answer
    lamp = TransitionLamp("lamp", Host(controller.url), HomeAssistant("light.x", "T"))
    until(lamp, lambda: lamp.status.confirmed == 0.2)
    lamp.go(0.2, Step(0.4, 1.0))
    first, second = controller.next("POST"), controller.next("POST")
    assert (first.json["brightness_pct"], second.json["brightness_pct"]) == (30.0, 40.0)
    assert "transition" not in first.json
    assert second.at_s - first.at_s >= 0.45
    lamp.close()


def test_an_unavailable_light_is_no_light(controller: Any) -> None:
    controller.answer = lambda asked: (200, b'{"state":"unavailable","attributes":{}}', {})
    lamp = TransitionLamp("lamp", Host(controller.url), HomeAssistant("light.x", "T"))
    until(lamp, lambda: lamp.status.trouble == "light.x is unavailable in Home Assistant")
    lamp.close()


def test_home_assistant_hears_a_heartbeat_for_as_long_as_the_light_lives(
    controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transition, "BEAT_S", 0.1)
    controller.answer = lambda asked: (200, b'{"state":"off","attributes":{}}' if asked.method == "GET" else b"[]", {})
    dialect = HomeAssistant("light.x", "T", heartbeat="input_button.kapconsole")
    lamp = TransitionLamp("lamp", Host(controller.url), dialect)
    for _ in range(3):
        asked = controller.next("POST")
        assert asked.path == "/api/services/input_button/press"
        assert asked.json == {"entity_id": "input_button.kapconsole"}
    lamp.close()
    controller.asked.queue.clear()
    threading.Event().wait(0.3)
    assert controller.asked.empty()
    with pytest.raises(ValueError, match="no input_button"):
        HomeAssistant("light.x", "T", heartbeat="light.y")


def certificate(folder: Path, name: str) -> tuple[Path, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    path = folder / f"{name}.pem"
    path.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path, pem.decode()


def test_only_the_certificate_of_pairing_is_taken(controller: Any, tmp_path: Path) -> None:
    own, pem = certificate(tmp_path, "0017880000000001")
    _, other = certificate(tmp_path, "stranger")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    controller.server.socket = context.wrap_socket(controller.server.socket, server_side=True)
    controller.answer = lambda asked: (200, b'[{"success":{"username":"KEY"}}]', {})
    url = controller.url.replace("http:", "https:")
    port = controller.server.server_address[1]
    assert hue.certificate_of("127.0.0.1", port).strip() == pem.strip()
    assert hue.paired_key(Host(url, pem).exchange(hue.pair_request("room"))) == "KEY"
    assert controller.next("POST").json == {"devicetype": "kapconsole#room", "generateclientkey": True}
    with pytest.raises(NotSent, match="another certificate"):
        Host(url, other).exchange(hue.pair_request("room"))
    with pytest.raises(ValueError, match="certificate"):
        Host(url, "")
    assert len(hue.fingerprint(pem).split(":")) == 32
