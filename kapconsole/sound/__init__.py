"""Sound libraries as the program needs them: files, sound server, PortAudio. No rule of room or alarms is here."""
