"""What `status` reads and what it makes of it.

    subject.py      what is watched
    snapshot.py     one observation of a pipeline, as data
    reading.py      the whole of it, its parts at the same time
    part.py         one part, which may be denied without harm to the others
    running.py      what belongs to the task: described by task.py or serverless.py; task_log.py,
                    latency.py, and the newest partitions.py of its tables
    connections.py  the tests of the endpoints
    loader.py       the function, its failures and its dead_letters.py
    verdict.py      the rules that turn an observation into an answer

Only `verdict.py` judges, and it makes no calls.
"""
