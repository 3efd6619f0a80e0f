"""Commands about bilateral stimulation without a session: presets, render."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kapconsole.cli.speaking import Failed, say

if TYPE_CHECKING:
    from kapconsole.bilateral.presets import Preset


def add_to(commands: Any) -> None:
    """Add the words `presets` and `render` to the command line; `commands` are argparse's subparsers."""
    presets = commands.add_parser("presets", help="the presets of bilateral stimulation, with what supports them")
    presets.add_argument("--client", default="", metavar="CODE", help="as they are for this client")
    presets.add_argument("--json", action="store_true")
    presets.set_defaults(action=list_presets)

    render = commands.add_parser("render", help="a set of bilateral stimulation as sound file and table")
    render.add_argument("preset", metavar="PRESET")
    render.add_argument("--cycles", type=int, metavar="N", help="so many cycles (left, right, left is one)")
    render.add_argument("--rate", type=float, metavar="C", help="full cycles a second")
    render.add_argument("--ramp-in", type=int, metavar="N", help="cycles until the rate is reached; 0: at once")
    render.add_argument("--client", default="", metavar="CODE", help="the preset as it is for this client")
    render.add_argument("--wav", type=Path, metavar="FILE", help="the tones, 24 bit, 48 kHz")
    render.add_argument("--csv", type=Path, metavar="FILE", help="t_s,phase,x_deg,x_rel,edge each millisecond")
    render.set_defaults(action=render_set)


def list_presets(options: argparse.Namespace) -> int:
    """Print all presets; 1 when one of them cannot be used."""
    import msgspec

    from kapconsole.bilateral.presets import PresetError, load_presets
    from kapconsole.paths import config_dir

    try:
        presets, wrong = load_presets(config_dir() / "bilateral", options.client)
    except PresetError as trouble:
        raise Failed(str(trouble)) from None
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(presets), indent=2).decode())
    else:
        for preset in presets:
            print("\n".join(_lines(preset)))
    for trouble_text in wrong:
        say(trouble_text)
    return 1 if wrong else 0


def render_set(options: argparse.Namespace) -> int:
    """Write a set to files as it would be delivered."""
    from kapconsole.bilateral.events import Timbre
    from kapconsole.bilateral.offline import RenderError, in_words, offline_plan, write_sound, write_table
    from kapconsole.bilateral.presets import PresetError, load_preset
    from kapconsole.bilateral.sources import RATE_HZ
    from kapconsole.bilateral.stimulus import Stimulus
    from kapconsole.bilateral.waves import SoundFileTrouble, read_sound_file
    from kapconsole.paths import config_dir

    if options.wav is None and options.csv is None:
        raise Failed("nothing to write: give --wav FILE, --csv FILE or both")
    site = config_dir() / "bilateral"
    try:
        preset = load_preset(options.preset, site, options.client)
        stimulus = Stimulus(offline_plan(preset.plan, options.cycles, options.rate, options.ramp_in))
        sound = stimulus.plan.sound
        file = read_sound_file(site / "sounds" / sound.file, RATE_HZ) if sound.timbre is Timbre.FILE else None
        print(in_words(stimulus))
        if options.wav is not None:
            print(f"{options.wav}: {write_sound(stimulus, options.wav, file)} frames")
        if options.csv is not None:
            print(f"{options.csv}: {write_table(stimulus, options.csv)} rows")
    except (PresetError, RenderError, SoundFileTrouble) as trouble:
        raise Failed(str(trouble)) from None
    except OSError as trouble:
        raise Failed(f"{trouble.filename or options.wav or options.csv}: {trouble.strerror}") from None
    return 0


def _lines(preset: Preset) -> list[str]:
    plan = preset.plan
    least, most = preset.rate_span_cps
    rate = f"{plan.rate_cps:g}" if least == most else f"{plan.rate_cps:g} ({least:g} to {most:g})"
    if plan.cycles is not None:
        length = f"{plan.cycles} cycles / {2 * plan.cycles} passes"
    else:
        length = "until a person ends it" if plan.seconds is None else f"{plan.seconds:g} s"
    lines = [
        f"{preset.name}: {preset.title} ({preset.origin}, version {preset.version})",
        f"  {rate} cycles/s ({plan.rate_cps * 120:g} passes/min), {length}, "
        f"{' + '.join(plan.channels)}; suits: {', '.join(preset.choices)}",
        f"  {preset.evidence}",
        f"  confidence: {preset.confidence}" + (f"; {', '.join(preset.sources)}" if preset.sources else ""),
    ]
    if preset.confirm:
        lines.append("  asks for confirmation once a session")
    return [*lines, ""]
