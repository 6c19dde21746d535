"""Accounts and emergencies, as their pages and the interface show them."""
