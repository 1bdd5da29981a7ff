"""The compiled loop of strategy "states", which needs numba (`aprt[fast]`): nothing else may import this package."""
