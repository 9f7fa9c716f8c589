"""What programs call: named endpoints, and the same as tools for assistants."""
