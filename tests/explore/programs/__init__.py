"""The validation programs: small systems with published figures, written with aprt's public names only."""
