"""The eras from 4.20 to 2026: what differs between them, their scenarios, and what is checked."""
