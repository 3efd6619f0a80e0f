"""Philips IntelliVue monitors over their MIB/RS-232 port: numerics, pleth and ECG by association and polling."""
