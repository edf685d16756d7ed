"""A local AWS DMS: the service's wire protocol and rules here, its data plane in `replication/`.

Nothing outside this package may ask whether the DMS it talks to is this one.
"""
