"""Oximeters with the five-byte stream: older Contec models, and Berry's "BCI protocol"."""
