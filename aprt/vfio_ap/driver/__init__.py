"""Procedures on the whole machine: the vfio_ap driver of 2019, and what KVM, vfio and the AP bus do around it."""
