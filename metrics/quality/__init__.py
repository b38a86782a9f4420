"""Checks of what was loaded and computed: what does not add up becomes a row of `data_quality`."""
