"""Looks round an organisation for `check` and `init`."""
