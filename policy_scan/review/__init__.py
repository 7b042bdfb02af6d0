"""The review application: reviewers audit the coded excerpts, and their decisions go back into the table."""
