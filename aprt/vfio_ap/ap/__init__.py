"""The AP side as objects: APQNs, matrices, the bus, hardware queues and how the host uses them, the vfio_ap module."""
