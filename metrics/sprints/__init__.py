"""Sums, days and velocity of sprints."""
