"""The content of `dmslake demo`: a sample shop, changes to it, and the proof that they arrived.

Every function takes what it works with and returns what it found as frozen data; nothing here
prints, waits for the pipeline, or starts and stops anything. That is the command's business.

    sessions.py     connections to the shop's database, and its errors in our words
    shop.py         makes the sample database, from `shop_tables.py` and `type_samples.py`
    burst.py        inserts, updates and deletes in transactions, some rolled back
    listing.py      the objects below a prefix, and which table each object of the lake belongs to
    arrival.py      which staged objects are not in the lake yet
    partitions.py   the lake as schemas, tables and partitions
    replay.py       the lake's files of one table folded into its rows, as text
    values.py       how the text of each type reads, and what the source says to compare it with
    lake_rows.py    the same rows as values
    source_rows.py  the source's rows as values
    compare.py      both sides, row by row
    differences.py  what that finds
    athena.py       a query over the lake
"""
