"""Lamps: sACN, Art-Net, Enttec DMX USB Pro, WLED, Home Assistant, Philips Hue. Frames are pure; threads do the I/O."""
