"""Ivy Biomedical 450C bedside monitor: its "ANSAR-B" message, once a second."""
