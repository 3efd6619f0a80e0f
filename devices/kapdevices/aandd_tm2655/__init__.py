"""A&D TM-2655P and TM-2657 cuff monitors over RS-232: asked for the last result, started and stopped by command."""
