"""How good linkage and release are, measured against known truth. Pure but for reading the truth's own files."""
