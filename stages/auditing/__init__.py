"""What is wrong with a corpus itself: texts that stand on both sides of a split, and labels that may be mistaken."""
