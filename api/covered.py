"""How the faces' own tables are tied to the ledger (see `custody.store.covered`)."""

from custody.store.covered import Cover, Means, cover

cover(
    Cover(
        "export_log",
        Means.SEALED,
        "Who took which rows out, when.",
        columns=("id", "person", "at", "name", "filters", "rows"),
    ),
    Cover(
        "print_log",
        Means.SEALED,
        "Who printed which form, when, and the hash of the paper.",
        columns=(
            *("id", "act", "part", "number", "person", "at", "language", "copies", "lines", "paper_hash"),
            "checkpoint",
        ),
        at="at",
    ),
    Cover("session", Means.OPEN, "Changes with every request; that it began and ended stands in the audit log."),
    Cover(
        "setting",
        Means.OPEN,
        "Searches that a session may go back to, forgotten with it; how the seats of a venue are drawn.",
    ),
    Cover("import_run", Means.OPEN, "Which acts an import was entered under; the acts themselves stand in the ledger."),
    Cover("import_mapping", Means.OPEN, "What a person takes a column of a workbook for; nothing rests on it."),
    Cover("saved_view", Means.OPEN, "What a person calls an address, for that person alone; nothing rests on it."),
)
