"""The page, model cards, headline numbers: it collects what was measured, and computes nothing."""
