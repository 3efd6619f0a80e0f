"""Masimo pulse oximeters (Rad-5, Rad-8, Radical-7) with the serial output ASCII 1."""
