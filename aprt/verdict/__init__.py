"""Asks a question and answers it: search, confirm the finding live, name it by a token.

The only package that knows explorer, runtime and detectors together.
"""
