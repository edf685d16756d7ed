"""What every process of `forked` has from its beginning: the commands, and AWS's own models.

Not for tests: importing it makes all sessions of botocore in this process share what they read.
"""

from functools import cache
from typing import Any

import boto3
import botocore.session

from dmslake.cli import down, main, up
from tests.faults import kill
from tests.truth import hook, ledger

__all__ = ["down", "hook", "kill", "ledger", "main", "up"]

_SERVICES = ("cloudwatch", "dms", "ec2", "iam", "lambda", "logs", "s3", "sqs", "sts")

botocore.session.create_loader = cache(botocore.session.create_loader)
_session: Any = boto3.Session(
    aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1"
)
for _service in _SERVICES:
    _session.client(_service)
