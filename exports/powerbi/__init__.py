"""A Power BI project: semantic model in TMDL, report in PBIR, sources by parameters."""
