"""`python -m kennel`: the same as the `kennel` command."""

from kennel.cli import main

if __name__ == "__main__":
    main()
