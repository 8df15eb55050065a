"""A root signer's side: drafts of rosters and agreements, and one of the signatures that make them hold."""
