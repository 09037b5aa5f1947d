"""Which words a decision rests on, by approach, and whether that is the truth."""
