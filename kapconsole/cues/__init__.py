"""Cues: what the room does at which moment. Pure; light stands in `cues.light`."""
