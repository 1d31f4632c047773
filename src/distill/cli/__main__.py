"""`python -m distill.cli`."""

from distill.cli import main

main()
