"""Exploring with more than one process: who works (`crew`, `cluster`), and how work is handed out."""
