"""What a person is asked for by time alone, and what is told of the course: prompts are never alarms."""

from __future__ import annotations

from collections.abc import Iterator

from kapconsole.clinical import doses, settled
from kapconsole.clinical import events as ce
from kapconsole.clinical.evidence import Ask, baseline_pressure
from kapconsole.clinical.view import MINUTE_US


def due(ask: Ask) -> Iterator[ce.PromptDue | ce.BaselineReturn]:
    """What has become due by `ask.now_us`."""
    yield from _sedation_again(ask)
    yield from _infusion_end(ask)
    yield from _back(ask)


def _sedation_again(ask: Ask) -> Iterator[ce.PromptDue]:
    care = ask.care
    newest = care.sedation[-1] if care.sedation else None
    if newest is None or newest.score > newest.watch or care.discharged is not None:
        return
    again_us = newest.at_us + round(newest.recheck_min * MINUTE_US)
    if ask.now_us >= again_us and care.asked.get("sedation", -1) < again_us:
        yield _prompt(ask, "sedation", f"{newest.scale} {newest.score} {newest.recheck_min:g} min ago")


def _infusion_end(ask: Ask) -> Iterator[ce.PromptDue]:
    held = doses.infusion(ask.care.infusion, ask.now_us)
    changed = ask.care.infusion
    if held is None or changed is None or held.left_s is None or held.left_s > 0:
        return
    if ask.care.asked.get("infusion-end", -1) < changed.at_us:
        yield _prompt(ask, "infusion-end", f"{held.planned_mg:g} mg by the rate that was set")


def _back(ask: Ask) -> Iterator[ce.BaselineReturn]:
    care = ask.care
    if not care.doses or care.discharged is not None:
        return
    rule = ask.data.scales.settled
    rule = settled.rule_of(rule, care.settings, rule.percent, rule.apart_min)
    back, words = settled.back(care, baseline_pressure(care)[:2], rule)
    was = care.back is not None and care.back.back
    if back != was:
        yield ce.BaselineReturn(ask.now_us, back, words)


def _prompt(ask: Ask, name: str, why: str) -> ce.PromptDue:
    text = ask.data.scales.prompts.get(name)
    return ce.PromptDue(ask.now_us, name, name if text is None else text.label, why)
