"""The client display: a light on a black window, or nothing. A process of its own, so that nothing else delays it."""
