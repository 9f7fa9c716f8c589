"""The page, one module per column: its components, named, and how they work together."""
