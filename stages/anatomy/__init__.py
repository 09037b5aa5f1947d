"""A model taken apart: its steps from text to decision, its attention, the geometry of its layers."""
