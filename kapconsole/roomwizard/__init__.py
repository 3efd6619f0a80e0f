"""The room's set-up for the staff: what is measured once in a room, by eye, ear and meter."""
