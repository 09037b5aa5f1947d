"""Texts rewritten by rule: whose decisions stay when only the writing changes, and turn when the claim does?"""
