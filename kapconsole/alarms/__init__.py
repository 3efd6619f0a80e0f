"""The alarm system: conditions, limits, detection, occurrences, engine, reports. Pure; imports nothing by itself."""
