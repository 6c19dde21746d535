"""The faces: REST, pages, reports, the command line."""
