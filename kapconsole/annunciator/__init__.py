"""The annunciator process: the alarm's voice. Owns ALARM_OUT and nothing else; heard when the monitor falls silent."""
