"""Turns Jira's answers into records; pure."""
