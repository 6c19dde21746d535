"""Servers that do slots until they are killed."""
