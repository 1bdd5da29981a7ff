"""Measurements of aprt beside other tools, on the same problems in one run: `make bench`."""
