"""S3 Batch Operations, which MiniStack lacks: jobs that call a function for each key of a manifest.

What is documented is done as documented; what is not (how often a task is tried, the words of
failures) is chosen here and should not be relied on.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops.html
"""
