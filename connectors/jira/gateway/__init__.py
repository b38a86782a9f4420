"""Talks to Jira: what is asked, in which flavour's way, and what the answers look like."""
