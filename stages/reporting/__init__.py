"""The page that tells what a run found: what it says, and how it looks."""
