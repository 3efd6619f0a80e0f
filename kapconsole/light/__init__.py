"""The light process: owns the lamps and their fades, and what holds them when it dies."""
