"""Acts on carriers: one page an act, the scan desk for many at once, taking in, and the receipts."""
