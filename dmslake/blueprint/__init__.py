"""Spec -> resources. Pure: no AWS call, no boto3, no clock; the same spec gives the same resources.

names.py             every name and ARN of a pipeline
parts.py             what is wanted, and what another spec would have had instead
roles.py             the pipeline's roles: ours, or given ones
policies.py          what IAM statements have in common
dms_policies.py      what the roles may do that DMS assumes
loader_policies.py   what the loader may do
mappings.py          tables of the spec -> DMS table-mapping rules
task_settings.py     the DMS task settings that a lake needs
staging.py           the S3 target endpoint's settings
archive.py           the Lambda function's zip file
fingerprint.py       whether a password changed, without keeping it
storage.py           the buckets
trigger.py           the loader and what wakes it
source.py            the source endpoint, its role and certificate
target.py            the staging endpoint and its role
compute.py           what runs the replication: instance, shared instance, Serverless
pipeline.py          all resources, and which stands on which
"""
