"""Turns Azure DevOps' answers into records; pure."""
