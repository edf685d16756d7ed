"""One file per kind of AWS resource, and nothing else.

A kind says how to read, create, update and delete one thing. It receives clients and never builds
them; it does not compare, order, wait or print. `registry.py` lists them all.
"""
