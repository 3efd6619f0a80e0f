"""The window of a recorded session."""
