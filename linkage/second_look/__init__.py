"""The linkage service's side of the second look: comparing tags, and what their agreement is worth."""
