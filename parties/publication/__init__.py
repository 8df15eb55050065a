"""The statistics office's publication: one noised table, as files that anyone can read, check and reuse."""
