"""Speed beside the peers: both sides on the same invented people, by turns, in one process, with equal results or no figure at all."""
