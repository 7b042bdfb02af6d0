"""Stages: one file each, pure functions of typed records; declared in `pipeline.py`."""
