"""Where a search runs: in threads of this process, or elsewhere."""
