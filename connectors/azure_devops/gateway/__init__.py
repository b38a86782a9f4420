"""Talks to Azure DevOps: what is asked, and what the answers look like."""
