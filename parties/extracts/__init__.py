"""A custodian's own files: read, checked, and mapped to people, children and ties."""
