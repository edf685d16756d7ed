"""One use case per file: (Spec, Clients, listener) -> result. Knows no terminal.

provision.py   what `plan` and `up` do
remove.py      what `down` does
observe.py     what `status` reports
"""
