"""`python -m dmslake` is the `dmslake` command."""

from dmslake.cli.main import main

if __name__ == "__main__":
    main()
