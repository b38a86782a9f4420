"""The ground: records, tables, and the only code that writes them."""
