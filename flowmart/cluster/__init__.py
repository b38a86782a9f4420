"""Computes the metrics of a lake on a cluster: source by source, then what the sources have in common."""
