"""Extracts and data sources for Tableau."""
