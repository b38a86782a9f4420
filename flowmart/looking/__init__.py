"""Looks round without writing: what `check` shows and `init` proposes."""
