"""A Jira Cloud site as its REST APIs show it: platform 2 and 3, agile 1.0."""
