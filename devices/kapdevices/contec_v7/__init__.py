"""Contec oximeters that speak the maker's protocol V7.0: live values, pleth, and the records in their memory."""
