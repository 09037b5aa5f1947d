"""Speed and choices, measured beside what people would use instead."""
