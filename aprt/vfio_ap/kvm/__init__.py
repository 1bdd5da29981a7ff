"""The KVM side as objects: VMs, vCPUs, CRYCB, GISA and GIB with what KVM does to them, and the vfio group."""
