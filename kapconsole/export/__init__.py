"""What leaves a session file: reports, tables, de-identified copies; who took it out; the index over all sessions."""
