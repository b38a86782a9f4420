"""Jira: what is fetched, in which pages, and what its answers mean."""
