"""Defects: whether they escaped, and how they were resolved, reopened and left open."""
