"""Era v4: its switches, properties and scenarios."""
