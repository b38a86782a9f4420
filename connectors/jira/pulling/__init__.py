"""Decides which pages there are, and which bookmark stands behind each."""
