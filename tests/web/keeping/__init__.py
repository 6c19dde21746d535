"""Keeping through the front: hand-over, clearance, inventory, places, people."""
