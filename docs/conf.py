"""Sphinx: the Markdown of this folder as HTML (`make docs`)."""

project = "aprt"
copyright = "the authors of aprt"

extensions = ["myst_parser"]
myst_heading_anchors = 3

exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = "aprt"
