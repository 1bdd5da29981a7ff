"""Drives the behaviours one step at a time, along every schedule that matters. No trio in here."""
