"""What a student learns from, and where it starts."""
