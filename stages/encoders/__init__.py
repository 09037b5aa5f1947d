"""Encoders that are published in a form of their own, made into Hugging Face folders."""
