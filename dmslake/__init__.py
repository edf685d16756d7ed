"""dmslake: a database, continuously, in a partitioned S3 data lake (AWS DMS + Lambda)."""

__version__ = "0.1.0"
