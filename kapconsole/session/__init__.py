"""The session as pure data: state folded from events, phases, the runner's decisions, the timeline that views draw."""
