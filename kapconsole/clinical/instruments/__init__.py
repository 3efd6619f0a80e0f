"""Outcome instruments as data: what is asked, how it is scored, what leads to the safety prompt."""
