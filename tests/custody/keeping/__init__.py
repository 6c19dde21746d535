"""Letter f, keeping: places and keepers, hand-over, holdings and clearance, inventory."""
