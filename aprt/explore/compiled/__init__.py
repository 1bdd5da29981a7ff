"""The compiled loop of strategy "states", which needs numba (`aprt[fast]`): nothing else may import this package.

`loop` is the loop, `arrays` are the learned tables in arrays, `graph` is the whole state graph in arrays, `kernels` the
functions on these that numba compiles, and `compiling` tells when it does.
"""
