"""Simulated trackers: Jira Cloud and Azure DevOps as real HTTP servers over one generated company."""
