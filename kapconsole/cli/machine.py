"""Commands about devices and this machine: devices, find, decode, download, simulate, capture, doctor."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import BinaryIO

from kapconsole.cli.speaking import Failed, say


def devices(options: argparse.Namespace) -> int:
    from kapconsole.remembered import read_remembered
    from kapdevices.catalog import catalog
    from kapdevices.known import recall
    from kapdevices.ports import present_ports

    manifests, ports = catalog().values(), present_ports()
    remembered, trouble = read_remembered()
    if trouble:
        say(trouble)
    known = {port.path: one.what for port in ports if (one := recall(remembered, port, ports))}
    if options.json:
        import msgspec

        listing = {"protocols": list(manifests), "ports": ports, "remembered": known}
        print(msgspec.json.format(msgspec.json.encode(listing), indent=2).decode())
        return 0
    for manifest in manifests:
        cuff = " · starts and stops the cuff" if "start-cuff" in manifest.commands else ""
        formats = f" · formats {', '.join(manifest.formats)}" if manifest.formats else ""
        print(f"{manifest.id}: {manifest.name} ({manifest.status}){formats}{cuff}")
        for model in manifest.models:
            print(f"    {model.maker} {model.model}{f' · {model.note}' if model.note else ''}")
    print("ports present:" if ports else "ports present: none")
    for port in ports:
        remembered_as = f"remembered as {known[port.path]}" if port.path in known else ""
        print("    " + " · ".join(part for part in (port.path, port.in_words(), remembered_as) if part))
    return 0


def find(options: argparse.Namespace) -> int:
    from kapconsole.finding import NoDevice, find_devices

    try:
        return find_devices(options.ports, probe=options.probe, seconds=options.seconds, json=options.json)
    except NoDevice as trouble:
        raise Failed(str(trouble)) from None


def decode(options: argparse.Namespace) -> int:
    from kapdevices.catalog import find
    from kapdevices.decode import decode, read_chunks, write_csv, write_jsonl

    protocol, _, format = options.protocol.partition(":")
    try:
        driver = find(protocol).make_driver(format or None)
    except ValueError as trouble:
        raise Failed(str(trouble)) from None
    with _opened(options.file) as stream:
        lines = decode(read_chunks(stream, "hex" if options.hex else "auto", say), driver)
        try:
            (write_jsonl if options.json else write_csv)(lines, sys.stdout)
            sys.stdout.flush()
        except ValueError as trouble:
            raise Failed(f"{options.file}: {trouble}") from None
    counts = driver.counts
    print(f"{counts.good} packets good, {counts.bad} bad, {counts.skipped} bytes skipped", file=sys.stderr)
    return 0


def download(options: argparse.Namespace) -> int:
    from kapdevices.decode import write_csv, write_jsonl
    from kapdevices.download import DownloadFailed
    from kapdevices.download import download as stored_values
    from kapdevices.ports import PortTrouble

    protocol, at, address = options.device.partition("@")
    if not at or not address:
        raise Failed(f"{options.device!r} is not a device: write PROTOCOL@PORT, for example contec_v7@/dev/ttyUSB0")
    try:
        lines = stored_values(protocol, address, say=say)
        (write_jsonl if options.json else write_csv)(lines, sys.stdout)
        sys.stdout.flush()
    except (ValueError, PortTrouble, DownloadFailed) as trouble:
        raise Failed(str(trouble)) from None
    return 0


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115  # closed below; an error in opening is told in words
    except OSError as trouble:
        raise Failed(f"{name}: {trouble.strerror}") from None
    with stream:
        yield stream


def simulate(options: argparse.Namespace) -> int:
    import signal
    import threading

    from kapdevices.catalog import find
    from kapdevices.linefaults import pulled
    from kapdevices.patient import Patient
    from kapdevices.simulate import SimulatorHost

    if options.list:
        from kapconsole.finding import simulator_lines

        print("\n".join(simulator_lines()))
        return 0
    if options.protocol is None:
        raise Failed("which device? give PROTOCOL (kapconsole simulate --list names them)")
    protocol, _, format = options.protocol.partition(":")
    tcp = None if options.tcp is None else ("127.0.0.1", options.tcp)
    try:
        patient = Patient(options.scenario, dose_at_s=options.dose_at)
        simulator = find(protocol).make_simulator(patient, format or None, tuple(options.fault))
        host = SimulatorHost(
            simulator,
            link=options.link,
            tcp=tcp,
            speed=options.speed,
            pulled=pulled if "cable-pulled" in options.fault else None,
        )
    except (ValueError, OSError) as trouble:
        raise Failed(str(trouble)) from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    if not options.quiet:
        print(host.address, flush=True)
    else:
        from kapconsole.lifeline import when_launcher_is_gone

        when_launcher_is_gone(ended.set)
    with host:
        ended.wait(options.seconds)
    return 0


def capture(options: argparse.Namespace) -> int:
    from kapdevices.tap import capture_port

    try:
        taken = capture_port(options.port, options.file, baud=options.baud, seconds=options.seconds, say=say)
    except (ValueError, OSError) as trouble:
        raise Failed(str(trouble)) from None
    say(f"{taken} bytes in {options.file}")
    return 0


def doctor(options: argparse.Namespace) -> int:
    from kapconsole.doctor import run_doctor

    return run_doctor(options.json)
