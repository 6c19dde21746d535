"""The faces of letter j: the register of entry, what is signed for, what is exported and by whom."""
