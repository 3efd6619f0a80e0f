"""`kapconsole alarms --presets` and `--store-preset FILE`: the alarm limits that sessions begin with."""

from __future__ import annotations

import argparse
from pathlib import Path

from kapconsole.cli import records
from kapconsole.cli.speaking import Failed


def add_to(alarms: argparse.ArgumentParser) -> None:
    """Add both to the words of `kapconsole alarms`."""
    alarms.add_argument("--presets", action="store_true", help="list the presets, and which one sessions begin with")
    alarms.add_argument(
        "--store-preset", type=Path, metavar="FILE", help="check FILE and store it as the site's next version"
    )
    alarms.set_defaults(action=run)


def run(options: argparse.Namespace) -> int:
    """What was asked for."""
    if options.presets:
        return show()
    if options.store_preset is not None:
        return store(options.store_preset)
    if options.file is None:
        raise Failed("which session? kapconsole alarms FILE; or --presets, or --store-preset FILE")
    return records.alarms(options)


def show() -> int:
    from kapconsole.alarms.presets import PresetError, load_preset, preset_names
    from kapconsole.config import read_config
    from kapconsole.paths import config_dir

    site = config_dir() / "alarm_presets"
    used = read_config()[0].alarm_preset
    for name in preset_names(site):
        sign = "*" if name == used else " "
        place = "site" if (site / f"{name}.toml").is_file() else "packaged"
        try:
            preset = load_preset(name, site)
        except PresetError as trouble:
            print(f"{sign} {name}: CANNOT BE USED: {trouble}")
            continue
        by = f"stored by {preset.stored_by} {preset.stored_at}".rstrip() if preset.stored_by else "unsigned"
        print(f"{sign} {name} version {preset.version} ({place}), {by}{f': {preset.note}' if preset.note else ''}")
    print(f"* new sessions begin with {used} (alarm_preset in {config_dir() / 'config.toml'}); site presets: {site}")
    return 0


def store(file: Path) -> int:
    import getpass
    from datetime import UTC, datetime

    from kapconsole.alarms.presets import PresetError
    from kapconsole.alarms.storing import store_preset
    from kapconsole.paths import config_dir

    try:
        text = file.read_text("utf-8")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        stored = store_preset(text, config_dir() / "alarm_presets", getpass.getuser(), at)
    except UnicodeDecodeError:
        raise Failed(f"{file}: this is no text") from None
    except OSError as trouble:
        raise Failed(f"{file}: {trouble.strerror}") from None
    except PresetError as trouble:
        raise Failed(str(trouble)) from None
    print(f"preset {stored.name} version {stored.version} stored by {stored.stored_by}")
    for name, before, after in stored.changes:
        print(f"  {name}: {before:g} to {after:g}")
    for name, was, now in stored.guard:
        print(f"  guard {name}: {_range(was)} to {_range(now)}")
    return 0


def _range(limits: tuple[float, float] | None) -> str:
    return "none" if limits is None else f"{limits[0]:g}..{limits[1]:g}"
