"""Questions about an authority's own records: fetched into a worklist, answered there, and used when it next submits."""
