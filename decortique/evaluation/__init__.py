"""Measures with intervals, paired tests, calibration, decoding over sequences, slices, published figures."""
