"""Tags in batches, from the pages."""
