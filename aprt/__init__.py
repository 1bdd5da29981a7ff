"""aprt runs, explores and explains the concurrency of the Linux s390 vfio-ap interrupt path."""
