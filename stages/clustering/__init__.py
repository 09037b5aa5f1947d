"""Texts put together by likeness: what stands for them, how they are clustered, what names a cluster, and how well."""
