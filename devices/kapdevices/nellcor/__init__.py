"""Nellcor pulse oximeters (N-560, N-595, N-600x, NPB-290, NPB-295) with the real-time text output."""
