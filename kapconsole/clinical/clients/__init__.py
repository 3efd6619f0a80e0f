"""Clients across their sessions: an index, courses, what is due, a page and a chart; pure."""
