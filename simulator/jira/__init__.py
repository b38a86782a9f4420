"""What the flavours of Jira share: the same facts, issues, histories, boards and JQL, told in a flavour's dialect."""
