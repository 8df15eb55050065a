"""From identifiers to diffused filters, inside one organisation. Pure: the round key is passed in and never written."""
