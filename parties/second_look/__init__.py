"""A custodian's side of the second look: what it shows of its people, under the key of one pair at a time."""
