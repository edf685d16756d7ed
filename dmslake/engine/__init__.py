"""Resources in the abstract: how they depend on each other, differ, are applied and waited for.

The engine knows no AWS, no spec and no pipeline. It is given resources (`resource.py`), orders them
(`graph.py`), compares what is wanted with what is there (`diff.py`, `planner.py`), carries the plan
out (`applier.py`, `waiter.py`) and tells what happens through events (`events.py`).
"""
