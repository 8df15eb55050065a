"""What custodians send: an encrypted vault of parts, the checks of a whole submission, and its life from manifest to receipt."""
