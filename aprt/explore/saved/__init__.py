"""Searches that can be resumed: what they keep in a file, and how they go on with it."""
