"""What keeps the project itself in order; no stage uses it."""
