"""A seeded simulation of the radio, with the truth beside it: what methods of presence and of portals are scored on.

`physics` says what an antenna hears of a tag; its parameters are its own and were written down before any method was
tried on it. What is found here ranks methods; it is no claim about a building.
"""
