"""A Jira Data Center (or Server) as its REST APIs show it: platform 2, agile 1.0, personal access tokens."""
