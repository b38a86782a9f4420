"""Pulls the sources into the warehouse and compares the two."""
