"""From history to numbers: the timeline of each issue, and the tables computed from it."""
