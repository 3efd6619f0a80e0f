"""The session file: write, read, verify, recover."""
