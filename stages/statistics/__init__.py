"""How good decisions are, and how sure one can be of it."""
