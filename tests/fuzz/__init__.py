"""Thousands of damaged and hostile inputs, each read or refused: `make fuzz`."""
