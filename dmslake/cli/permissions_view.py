"""The operator's IAM policy, ready to be given to IAM."""

from __future__ import annotations

import json

from dmslake.cli.report import Report
from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.operations.permissions import LONGEST_POLICY, operator_policies


def show_permissions(terminal: Terminal, session: Session) -> Report:
    """Print one policy, or a list of policies where one would be too long for IAM."""
    policies = operator_policies(session.spec, session.clients.account)
    split = (
        f"the policy is longer than the {LONGEST_POLICY:,} characters that IAM takes: it is split "
        f"into {len(policies)}, attach all of them"
    )
    warnings = (split,) if len(policies) > 1 else ()
    shown = policies[0] if len(policies) == 1 else list(policies)
    terminal.data(json.dumps(shown, indent=2))
    for warning in warnings:
        terminal.talk(f"warning: {warning}")
    return Report(data={"policies": list(policies)}, warnings=warnings)
