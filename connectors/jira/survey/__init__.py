"""Looks round a site for `check` and `init`."""
