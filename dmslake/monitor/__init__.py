"""What `status` reads and what it makes of it.

    subject.py    what is watched
    snapshot.py   one observation of a pipeline, as data
    reading.py    the whole of it, its parts at the same time
    task.py       the replication task and its tables
    loader.py     the function, its failures and its dead letters
    partitions.py the newest partition of each table in the lake
    verdict.py    the rules that turn an observation into an answer

Only `verdict.py` judges, and it makes no calls.
"""
