"""Spec -> resources. Pure: no AWS call, no boto3, no clock; the same spec gives the same resources.

names.py          every name and ARN of a pipeline
policies.py       what the roles may do, and who may assume them
mappings.py       include/exclude -> DMS table-mapping rules
task_settings.py  the DMS task settings that a lake needs
staging.py        the S3 target endpoint's settings
archive.py        the Lambda function's zip file
fingerprint.py    whether a password changed, without keeping it
storage.py        the buckets
trigger.py        the loader and what wakes it
capture.py        the DMS side
pipeline.py       all resources, and which stands on which
"""
