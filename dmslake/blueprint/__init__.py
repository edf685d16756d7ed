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
zipped.py            how it is written, the same bytes every time
deflate.py           how it is compressed, the same bytes every time
fingerprint.py       whether a password changed, without keeping it
storage.py           the buckets
trigger.py           the loader and what wakes it
source.py            the source endpoint, its role and certificate
target.py            the staging endpoint and its role
surroundings.py      what a replication stands on, whichever way it is run
placement.py         its subnets and security groups
machine.py           the instance of a task, ours or a shared one, and the group of its logs
task.py              the replication as a task on an instance
serverless.py        the replication as Serverless runs it
compute.py           which of the two it is, and what then must not stay
pipeline.py          all resources, and which stands on which
"""
