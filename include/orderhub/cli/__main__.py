"""`python -m orderhub.cli`."""

from orderhub.cli import main

if __name__ == "__main__":
    main()
