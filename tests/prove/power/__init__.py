"""A power cut, simulated: every write below a folder is journalled, and a disk is made of what was synced."""
