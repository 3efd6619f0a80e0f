"""kapconsole: secondary display, session record and replay for the room of ketamine-assisted psychotherapy."""

__version__ = "0.1.0"
