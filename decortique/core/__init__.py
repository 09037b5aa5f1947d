"""What everything else stands on: what a stage depends on, and why it runs again."""
