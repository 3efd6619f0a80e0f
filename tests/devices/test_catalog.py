"""The catalog: manifests are checked with words that name file and key; device texts are read or refused in words."""

import subprocess
import sys

import pytest

from kapdevices.catalog import README, DeviceSpec, catalog, find, parse_device, read_manifest, with_table
from kapdevices.patient import Patient

GOOD = """
id = "toy"
name = "Toy"
status = "from documents only"
models = [{maker = "Nobody", model = "One"}]
serial = {baud = 9600, bytesize = 8, parity = "N", stopbits = 1}
quiet_s = 2.0
metrics = ["spo2"]
commands = []
driver = "a.b:C"
simulator = "a.b:D"
sources = ["a book"]
"""


def test_a_good_manifest_is_read():
    manifest = read_manifest(GOOD, "toy/manifest.toml")
    assert (manifest.id, manifest.serial.baud, manifest.models[0].maker) == ("toy", 9600, "Nobody")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("quiet_s = 2.0", "", "quiet_s"),
        ("quiet_s = 2.0", "quiet_s = 0.0", "quiet_s: must be more than 0 s"),
        ('metrics = ["spo2"]', 'metrics = ["sp02"]', r"sp02.*metrics"),
        ('parity = "N"', 'parity = "none"', r"none.*serial.parity"),
        ('status = "from documents only"', 'status = "fine"', "status"),
        ("commands = []", 'commands = ["start-cuff"]', "must be able to stop"),
        ('sources = ["a book"]', "sources = []", "sources: is empty"),
        ('driver = "a.b:C"', 'driver = "a.b.C"', "driver: must be written module:Class"),
        ("quiet_s = 2.0", "quiet_s = 2.0\nquite_s = 2.0", "quite_s"),
        ("quiet_s = 2.0", "quiet_s = = 2", "line 7"),
        ("commands = []", 'commands = []\nstored_formats = ["memory"]', "stored_formats: memory is not in formats"),
        ("commands = []", "commands = []\nserial_by_format = {fast = {}}", "serial_by_format: fast is not in formats"),
    ],
)
def test_a_bad_manifest_is_refused_naming_file_and_key(old: str, new: str, words: str):
    with pytest.raises(ValueError, match=rf"(?s)toy/manifest.toml: .*{words}"):
        read_manifest(GOOD.replace(old, new), "toy/manifest.toml")


def test_devices_are_written_protocol_format_at_address():
    assert parse_device("nonin@/dev/ttyUSB0") == DeviceSpec("nonin", "/dev/ttyUSB0")
    assert parse_device("nonin:df7@COM3") == DeviceSpec("nonin", "COM3", "df7")
    assert parse_device("suntech@socket://a@b:4000") == DeviceSpec("suntech", "socket://a@b:4000")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonin", "write PROTOCOL@PORT"),
        ("@/dev/ttyUSB0", "write PROTOCOL@PORT"),
        ("nonin@", "write PROTOCOL@PORT"),
        ("nonim@COM3", "unknown protocol 'nonim'; known are: .*nonin.*suntech"),
        ("nonin:df99@COM3", "no format 'df99'; it has: .*df2"),
        ("suntech:df2@COM3", "it has: none"),
        ("contec_v7:stored@COM3", "kept in its memory.* write contec_v7 or contec_v7:live$"),
    ],
)
def test_a_device_that_is_none_is_refused_in_words(text: str, words: str):
    with pytest.raises(ValueError, match=words):
        parse_device(text)


def test_a_format_may_have_a_line_of_its_own():
    five_byte = find("five_byte")
    assert [five_byte.line(format).baud for format in (None, "contec", "berry")] == [19200, 19200, 115200]
    assert "19200 8O1; berry 115200 8N1" in README.read_text("utf-8")


def test_unknown_formats_and_faults_are_refused_when_making():
    nonin = find("nonin")
    with pytest.raises(ValueError, match="no format"):
        nonin.make_driver(format="df99")
    with pytest.raises(ValueError, match="no fault 'flood'"):
        nonin.make_simulator(Patient("steady"), faults=("flood",))


def test_reading_the_catalog_imports_no_driver():
    script = (
        "import sys; from kapdevices.catalog import catalog; names = list(catalog()); "
        "print([m for m in sys.modules if m.startswith('kapdevices.') and m.split('.')[1] in names])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"
    assert {"nonin", "suntech"} <= set(catalog())


def test_the_table_in_the_readme_is_current():
    text = README.read_text("utf-8")
    assert text == with_table(text), "run: python -m kapdevices.catalog --readme"
    with pytest.raises(ValueError, match="marks"):
        with_table("no table here")
