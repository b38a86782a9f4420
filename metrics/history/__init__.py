"""Interprets histories: stays in statuses and sprints, estimates, blocked stretches, and what statuses mean."""
