"""One file per schema, oldest first; a file is never changed once a database may have gone through it."""
