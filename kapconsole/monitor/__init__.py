"""The monitor process: what must never stop. Serial devices, the session's events, the log, the hub of the wire."""
