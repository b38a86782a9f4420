"""Measurements of whole runs: against the least work that their output needs, or against a peer, in one process."""
