"""The blinded linkage service. It never sees an identifier or holds a round key."""
