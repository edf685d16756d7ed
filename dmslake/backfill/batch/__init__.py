"""A backfill by S3 Batch Operations: the ledger's pending objects, moved by the deployed loader.

One file per step: `manifest`, `request`, `following`, `report`, `settling`, `checking`; `jobs` is
what the ledger remembers of the jobs.
"""
