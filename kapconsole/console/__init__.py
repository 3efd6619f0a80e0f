"""The window that staff look at: widgets that draw a moment and send commands."""
