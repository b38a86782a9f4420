"""The application: reads the config, wires connectors, warehouse, metrics and exports, and speaks to people."""
