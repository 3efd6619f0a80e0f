"""The clinical side of a session: phases, roles, doses, checks, instruments, clients; pure, driven by data files."""
