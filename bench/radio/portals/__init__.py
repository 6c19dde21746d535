"""Portals, simulated: who walks how, what the two antennas and the beam tell of it, and how often a method is right.

`walks` and `hearing` are the simulator: its kinds of passage, its geometry and its figures were written down before any
score was tried on them. `scoring` plays what was heard through the product's own code, `training` finds the weights,
`peers` are the plain methods, `study` writes the tables.
"""
