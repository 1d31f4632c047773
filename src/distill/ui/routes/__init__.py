"""Routes: each calls one function of the library."""
