"""Nonin pulse oximeters: data formats 2, 7, 8 and 13 over a serial line or Bluetooth serial port profile."""
