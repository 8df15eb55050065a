"""The authority's desk: collect sealed tokens, open them, route each child to one professional, write the documents."""
