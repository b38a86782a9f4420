"""Alerts: rules over computed tables, and what they find now. Nothing here writes."""
