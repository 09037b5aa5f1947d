"""Readers: one per raw format, all giving rows of the one corpus schema."""
