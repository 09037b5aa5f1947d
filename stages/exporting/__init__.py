"""A trained transformer as one file that computes without PyTorch."""
