"""From a tracker's HTTP API to records: one folder a tracker, each with its gateway, mapping and connector."""
