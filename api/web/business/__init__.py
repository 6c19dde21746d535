"""Business that takes several acts: its list, each matter, every act of the table, approvals, delegations, undoing."""
