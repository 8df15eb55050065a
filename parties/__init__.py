"""What runs inside one organisation. The only code that sees identifiers or holds a round key."""
