"""From scored pairs of persons to findings: which child of which authority has which parent in prison. Pure."""
