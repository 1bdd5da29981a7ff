"""The vfio-ap interrupt path: one component a file, named after the kernel file or structure it mirrors.

`ap` and `kvm` hold the objects that exist, `host` the machine that they make up, and what bus, KVM and user space do on
it. `series` and `mainline` are drivers; `v4` and `releases` their eras: switches, scenarios, and what is checked.
`topology` makes scenarios of users' files.
"""
