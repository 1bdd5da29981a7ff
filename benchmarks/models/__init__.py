"""The models that are measured, each in two languages side by side: NAME.py for aprt, NAME.pml for Spin.

Both have the same steps, so the counts of distinct states agree; `tests/benchmarks` holds them to that.
"""
