"""The demo topology, and what its files and devices are called."""

from pathlib import Path

HOME = Path(__file__).parents[2]
DEMO = HOME / "demos" / "three-guests"

UUID1 = "7c9e3d14-52ab-4f0e-9d36-0b1f6a2c8e01"
UUID2 = "a41b06f2-8e3d-47c5-b7f9-5d20c1e6f302"
UUID3 = "e5d27a88-1f64-4b9a-8c03-96fb3e7d4503"

BUS = "sys/bus/ap"
MDEVS = "etc/mdevctl.d/matrix"
MDEV1, MDEV2 = f"{MDEVS}/{UUID1}", f"{MDEVS}/{UUID2}"
GUEST1, GUEST2 = "guests/Guest1.xml", "guests/Guest2.xml"
SCRIPT = "script.toml"
