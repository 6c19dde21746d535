"""Help on every page, in the words of the role: `topics` says which page belongs to which topic and what is drawn on
it, `texts` reads what is said in either language, `pages` shows it.
"""
