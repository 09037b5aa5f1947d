"""The approaches as they decide: texts in, probabilities out, whatever stands behind."""
