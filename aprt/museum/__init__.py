"""Bugs that the kernel had, each with its fix: data. How they are searched for is in `aprt.verdict.contrasts`."""
