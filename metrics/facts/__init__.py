"""The facts of each issue, from one pass over all histories: intervals, flow, and its part in each sprint."""
