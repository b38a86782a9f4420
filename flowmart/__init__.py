"""The application: reads the config, wires connectors, warehouse, metrics, exports and report, and speaks to people."""
