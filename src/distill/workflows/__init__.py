"""Tasks of a user, a module each: the command line and `distill.*` call the same functions."""
