"""Sessions and clients, the one map of AWS's errors to ours, and the retries that AWS demands.

Knows no kinds, no spec, no pipeline: it turns credentials into clients and botocore's exceptions
into `dmslake.errors`.
"""
