"""Room light: zones, curves, cue sheets, what a person may ask, and each level as a function of time. Pure."""
