"""The report: one HTML file that holds its data, its charts and its script, drawn from the warehouse's tables alone."""
