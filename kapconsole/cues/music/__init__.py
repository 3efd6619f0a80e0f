"""The music of the inward phase: an arc of segments, as a function of time and of what people ask. No output here."""
