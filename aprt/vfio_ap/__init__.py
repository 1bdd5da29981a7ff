"""The vfio-ap interrupt path: one component a file, named after the kernel file or structure it mirrors."""
