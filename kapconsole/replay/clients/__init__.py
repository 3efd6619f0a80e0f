"""The window over all sessions: clients, a client's page, and what is done with recorded sessions."""
