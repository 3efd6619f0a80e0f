"""Bilateral stimulation as pure functions of session time: pattern, channels, sets, presets, rules. No Qt."""
