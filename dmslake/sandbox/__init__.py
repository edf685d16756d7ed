"""AWS and a database on this machine, for `--sandbox`: servers of our own, loopback only.

Only `cli` imports this package, and only when it is asked for. Nothing below it may know of it.
"""
