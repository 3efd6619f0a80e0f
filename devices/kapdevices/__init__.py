"""The hardware shelf: bytes from bedside devices to readings, and back. Knows nothing of kapconsole and no Qt."""
