"""Noised counts: exact ones exist only in memory, between the count and the noise of one transaction."""
