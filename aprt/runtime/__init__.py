"""The live driver: every actor and every context of a system is a trio task, and they only exchange messages."""
