"""The sandbox's AWS account: MiniStack in a process of its own, made to behave like AWS.

`python -m dmslake.sandbox.cloud` runs it. Only `corrections` changes what MiniStack does, and only
in that process; the other modules stand around it.
"""
