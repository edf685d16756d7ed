"""One use case per file: (Spec, Clients, listener) -> result. Knows no terminal.

provision.py       what `plan` and `up` do
remove.py          what `down` does
observe.py         what `status` reports
proposal.py        what a user is asked to agree to
plan_document.py   a plan as JSON, and its schema
plan_file.py       a reviewed plan in a file
masking.py         what of a plan nobody sees
preflight.py       what AWS would refuse, or silently accept: network.py, quotas.py, finding.py
permissions.py     the IAM policy that all this needs
exclusive.py       one run at a time: lock.py, holder.py
aftermath.py       whether a task that was started really runs
guard.py           AWS's errors with the name of what they happened to
"""
