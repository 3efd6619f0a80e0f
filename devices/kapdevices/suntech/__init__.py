"""SunTech OEM NIBP modules (Advantage, Advantage Mini, Advantage A+) over a serial line."""
