"""The command line: parse, call one operation, render. The only layer that prints.

    main.py        the commands by name; the one place that catches everything
    options.py     the options that every command has -> one frozen Settings
    report.py      what a command hands back, as text or JSON
    terminal.py    stdout for data, stderr for talk
    session.py     spec and clients for a command, with or without the sandbox
    interrupt.py   Ctrl-C as a wish, not as an accident
    plan_view.py   a plan as text and JSON        progress.py     a plan being carried out
    status_view.py a snapshot as text and JSON    <command>.py    one file per command

`main`, `options` and `report` import nothing heavy: `dmslake --help` has to be quick.
"""
