"""Lists the ids that Jira has now, and finds out where missing issues are."""
