"""The warehouse's tables as files that other tools open."""
