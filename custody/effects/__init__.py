"""What each fact does to a carrier: the states it leads to, and what it changes. One module a letter."""
