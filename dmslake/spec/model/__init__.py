"""The sections of the spec, one file each, in the order in which the file has them.

Each checks itself; `dmslake.spec.consistency` checks what they say about each other. A check
raises a `mistake`, which holds no values, so nothing here can leak one.
"""
