"""The pages of meetings: the list, the attendees, the hand-out, the board and its count, the sweeps, the end."""
