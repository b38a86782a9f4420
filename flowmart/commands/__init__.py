"""One module a command: its options, its help, and how its result is shown."""
