"""Omron HBP-9030 and HBP-9031C cuff monitors over USB: one line of text after each measurement."""
