"""What the stages of the pipeline call: a room for each subject, from the ground up.

`core`, `data`, `models`, `distillation`, `evaluation`, `diagnosis`, `words`, `summarization`, `report`: a room imports
those before it in this list, never one behind it (`lint-imports`, with `pyproject.toml`).
"""
