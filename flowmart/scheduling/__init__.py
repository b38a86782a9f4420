"""Decides when steps are due, and sees to it that each of them is done once."""
