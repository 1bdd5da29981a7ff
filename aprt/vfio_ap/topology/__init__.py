"""Topologies: a host and its guests from files that users have, as a scenario."""
