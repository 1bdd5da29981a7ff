"""The vfio-ap interrupt path: one component a file, named after the kernel file or structure it mirrors.

`ap` and `kvm` hold the objects that exist, `machine` all those of one host; `driver` what the kernel does with them;
`v4` is an era, `topology` makes scenarios of users' files.
"""
