"""The AP side as objects: APQNs and matrices, hardware queues, the bus, and the structures of the vfio_ap driver."""
