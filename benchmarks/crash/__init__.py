"""Kills runs at chosen places, runs them again, and compares every table with that of a run which nothing disturbed."""
