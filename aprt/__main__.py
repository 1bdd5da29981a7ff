"""`python -m aprt` is `aprt`."""

from aprt.cli import main

main()
