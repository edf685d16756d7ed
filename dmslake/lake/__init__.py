"""Where a staged object belongs in the lake, and the Lambda function that takes it there.

This folder, less its docstrings, is the function's archive, below an empty `dmslake/__init__.py`.
So nothing here may import anything but the standard library and `dmslake.lake` itself; the one
exception is `handler.build`, which takes boto3 from the runtime when the first event arrives.
Nothing here reads a clock, the environment or the network on import, and nothing prints.

    objects.py      a staged key taken apart: schema, table, rest, kind; what is skipped, and why
    tokens.py       the words a layout may use, and how each is written and read back
    collisions.py   whether a layout can send two objects to one key
    layout.py       a template compiled in both directions: object -> lake key -> object
    routing.py      the decision: (staged key, LastModified) -> lake key, and its inverse
    envelopes/      the events that carry keys, one file per source, recognised by their shape
    manifest_key.py keys in manifests of S3 Batch Operations, with what their author saw
    seen.py         what is known of an object before it is copied
    outcome.py      what became of one object
    places.py       the two buckets, and how copies are kept
    store.py        S3's requests as the mover sends them, and what can go wrong with them
    mover.py        HEAD, route, copy: one object from staging to the lake
    multipart.py    the copy of a big object, in parts
    arrival.py      whether a copy whose answer was lost was made
    pace.py         when a request that failed is sent again
    deadline.py     how long work may still take
    parallel.py     a few threads for many calls
    config.py       the function's settings, from and to environment variables
    report.py       log lines, the metrics line, the summary
    handler.py      the entry point, `dmslake.lake.handler.handle`

`objects`, `tokens`, `collisions`, `layout` and `routing` are pure. The backfill calls them directly
and must reach the same key as the function does.
"""
