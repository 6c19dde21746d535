"""Every way in which something is changed: drawn from the table of acts, or declared here with what it needs.

A route that changes something and is neither fails a test, so that none is added without saying who may.
"""

from collections.abc import Mapping

from custody.access import Permission

P = Permission
ANYBODY: tuple[Permission, ...] = ()
"""Of the own account, or before there is one: signing in and out, the own password, the own notices; a device's
readings, which come with its token."""

DRAWN = frozenset(
    {
        ("POST", "/business/new/{key}"),
        ("POST", "/matters/{identifier}/{key}"),
        ("POST", "/carriers/{identifier}/{key}"),
        ("POST", "/places/{identifier}/{key}"),
        ("POST", "/organisations/{identifier}/{key}"),
    }
)
"""Pages drawn from the table: the act's own permission is asked besides that of seeing. The interface's addresses are
made from the table itself."""

DECLARED: Mapping[tuple[str, str], tuple[Permission, ...]] = {
    # The door and the own account.
    ("POST", "/sign-in"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("POST", "/confirm"): ANYBODY,
    ("POST", "/me/sessions/end"): ANYBODY,
    ("POST", "/me/password"): ANYBODY,
    ("POST", "/me/second-factor/begin"): ANYBODY,
    ("POST", "/me/second-factor/confirm"): ANYBODY,
    ("POST", "/me/second-factor/codes"): ANYBODY,
    ("POST", "/me/second-factor/remove"): ANYBODY,
    ("POST", "/me/keys"): ANYBODY,
    ("POST", "/help"): ANYBODY,
    ("POST", "/inbox/read"): ANYBODY,
    ("POST", "/messages/address"): ANYBODY,
    ("POST", "/messages/language"): ANYBODY,
    ("POST", "/messages/trial"): ANYBODY,
    ("POST", "/jobs/run"): (P.MANAGE_READERS,),
    ("POST", "/api/v1/session"): ANYBODY,
    ("DELETE", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/intake"): ANYBODY,
    # What a browser held back: from a page of ours, whoever sits before it.
    ("POST", "/csp-report"): ANYBODY,
    # The register.
    ("POST", "/search"): (P.SEE_CARRIERS,),
    ("POST", "/search/suggest"): (P.SEE_CARRIERS,),
    ("POST", "/people/find"): (P.SWEEP,),
    # Names of one's own for addresses.
    ("POST", "/views"): ANYBODY,
    ("POST", "/views/{view}"): ANYBODY,
    **{
        ("POST", f"/reports/deliveries{rest}"): (P.SEE_REPORTS,)
        for rest in ("", "/{number}/pause", "/{number}/now", "/{number}/end")
    },
    ("POST", "/registers/{register}"): (P.SEE_REPORTS,),
    ("POST", "/balance/find"): (P.SEE_REPORTS,),
    ("POST", "/take-in"): (P.TAKE_IN,),
    ("POST", "/desk"): (P.LEND,),
    ("POST", "/desk/{reader}"): (P.LEND,),
    ("POST", "/import"): (P.TAKE_IN,),
    ("POST", "/import/{name}"): (P.TAKE_IN,),
    ("POST", "/exports/made/{name}"): ANYBODY,
    ("POST", "/entering/{name}"): ANYBODY,
    # Setting a house up: its own steps each.
    ("POST", "/set-up"): (P.TAKE_IN, P.INSTRUCT, P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS),
    # How places are drawn.
    ("POST", "/places/{identifier}/plan"): (P.TAKE_IN,),
    # What handhelds read: by the clerk's hand, or by the device's own token.
    ("POST", "/handhelds"): (P.SWEEP,),
    ("POST", "/handhelds/draft/{name}"): (P.SWEEP,),
    ("POST", "/handhelds/{number}/round"): (P.SWEEP,),
    ("POST", "/handhelds/{number}/withdraw"): (P.SWEEP,),
    ("POST", "/api/v1/handheld/reads"): ANYBODY,
    ("POST", "/acts/{number}/form/printed"): (P.SEE_CARRIERS,),
    ("POST", "/cases/{number}/paper/printed"): (P.SEE_FINDINGS,),
    # Of what labels are printed says who may; what nobody may print of is not there.
    ("POST", "/labels/{kind}"): (P.TAKE_PART,),
    ("POST", "/acts/{number}/undo"): (P.KEEP,),
    ("POST", "/api/v1/carriers/search"): (P.SEE_CARRIERS,),
    ("POST", "/api/v1/persons/search"): (P.LEND, P.KEEP),
    ("POST", "/api/v1/acts/borrow"): (P.LEND,),
    ("POST", "/api/v1/acts/return"): (P.LEND,),
    ("POST", "/api/v1/acts/shelve"): (P.KEEP,),
    ("POST", "/api/v1/acts/move"): (P.KEEP,),
    ("POST", "/api/v1/acts/missing"): (P.REPORT_MISSING,),
    ("POST", "/api/v1/acts/found"): (P.KEEP,),
    ("POST", "/api/v1/acts/take-in"): (P.TAKE_IN,),
    ("POST", "/api/v1/acts/{number}/undo"): (P.KEEP,),
    # Tags, made in batches; what binds them is asked by the books.
    ("POST", "/commissioning"): (P.TAKE_IN,),
    ("POST", "/commissioning/{number}"): (P.TAKE_IN,),
    # The register of entry.
    ("POST", "/entries"): (P.ADMIT,),
    ("POST", "/entries/sheet"): (P.ADMIT,),
    # The ledger.
    ("POST", "/ledger/checkpoint"): (P.SEE_LEDGER,),
    ("POST", "/ledger/cosignature"): (P.SEE_LEDGER,),
    ("POST", "/proof/check"): (P.SEE_LEDGER, P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.HEAD_ENQUIRIES),
    ("POST", "/proof/witnesses"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/proof/witnesses/end"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/verify-print"): (P.SEE_LEDGER, P.KEEP, P.HEAD_ENQUIRIES),
    # A witness, by its own token.
    ("POST", "/api/v1/witness/cosignature"): ANYBODY,
    # The comparison: sight opens the page, the books ask for the right to settle.
    ("POST", "/findings/{number}/acknowledge"): (P.SEE_FINDINGS,),
    ("POST", "/findings/{number}/explain"): (P.SEE_FINDINGS,),
    ("POST", "/findings/{number}/escalate"): (P.SEE_FINDINGS,),
    ("POST", "/today/ask-back/{person}"): (P.SETTLE_FINDINGS,),
    ("POST", "/findings/{number}/settle"): (P.SEE_FINDINGS,),
    ("POST", "/findings"): (P.SEE_FINDINGS,),
    ("POST", "/findings/search"): (P.SEE_FINDINGS,),
    ("POST", "/cases/{number}/{act}"): (P.SEE_FINDINGS,),
    ("POST", "/api/v1/cases"): (P.SETTLE_FINDINGS,),
    ("POST", "/api/v1/cases/{number}/{act}"): (P.SETTLE_FINDINGS,),
    ("POST", "/api/v1/findings/{number}/acknowledge"): (P.SETTLE_FINDINGS,),
    ("POST", "/api/v1/findings/{number}/explain"): (P.SETTLE_FINDINGS,),
    ("POST", "/api/v1/findings/{number}/settle"): (P.SETTLE_FINDINGS,),
    ("POST", "/rounds"): (P.SWEEP,),
    ("POST", "/rounds/{number}/scan"): (P.SWEEP,),
    ("POST", "/rounds/{number}/undo"): (P.SWEEP,),
    ("POST", "/rounds/{number}/deal"): (P.SWEEP,),
    ("POST", "/rounds/{number}/feed"): (P.SWEEP,),
    ("POST", "/rounds/{number}/walk"): (P.SWEEP,),
    ("POST", "/rounds/{number}/pause"): (P.SWEEP,),
    ("POST", "/rounds/{number}/resume"): (P.SWEEP,),
    ("POST", "/rounds/{number}/walked"): (P.SWEEP,),
    ("POST", "/rounds/{number}/counted"): (P.SWEEP,),
    ("POST", "/rounds/{number}/recount"): (P.SWEEP,),
    # Asks, and changes nothing: what is looked for stands in no address.
    ("POST", "/rounds/{number}/lines"): (P.SWEEP, P.SEE_REPORTS),
    ("POST", "/rounds/{number}/sign"): (P.SWEEP,),
    ("POST", "/rounds/{number}/abandon"): (P.SWEEP,),
    ("POST", "/api/v1/rounds"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/scans"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/undo"): (P.SWEEP,),
    # What a device did without a network, and what it could not deliver.
    ("POST", "/api/v1/rounds/{number}/events"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/handed"): (P.SWEEP,),
    ("POST", "/rounds/at"): (P.SWEEP,),
    ("POST", "/rounds/handed"): (P.SWEEP,),
    ("POST", "/rounds/handed/{identifier}/enter"): (P.SWEEP,),
    ("POST", "/rounds/handed/{identifier}/aside"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/feed"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/pause"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/resume"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/counted"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/walk"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/walked"): (P.SWEEP,),
    ("POST", "/api/v1/rounds/{number}/sign"): (P.SWEEP,),
    # The count of a meeting, scan by scan: the books ask who is in charge of it.
    ("POST", "/meetings/{identifier}/count"): (P.HOLD_MEETINGS,),
    ("POST", "/meetings/{identifier}/handing"): (P.HOLD_MEETINGS,),
    ("POST", "/meetings/{identifier}/seating"): (P.HOLD_MEETINGS,),
    # The last read before a destruction.
    ("POST", "/weighing/{identifier}/scan"): (P.DESTROY,),
    ("POST", "/weighing/{identifier}/heard"): (P.DESTROY,),
    ("POST", "/weighing/{identifier}/eye"): (P.DESTROY,),
    ("POST", "/weighing/{identifier}/undo"): (P.DESTROY,),
    ("POST", "/meetings/{identifier}/undo"): (P.HOLD_MEETINGS,),
    ("POST", "/api/v1/meetings/{identifier}/scans"): (P.HOLD_MEETINGS,),
    ("POST", "/api/v1/meetings/{identifier}/undo"): (P.HOLD_MEETINGS,),
    # Accounts: asked by one, decided by another; the list is read by the auditor too.
    ("POST", "/accounts/{person}/sessions/end"): (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS),
    ("POST", "/accounts/find"): (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS),
    ("POST", "/accounts/requests"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/accounts/requests/{number}/withdraw"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/accounts/requests/{number}/half"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/accounts/requests/{number}/decide"): (P.APPROVE_ACCOUNTS,),
    ("POST", "/api/v1/accounts/search"): (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS),
    ("POST", "/api/v1/accounts/requests"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/api/v1/accounts/requests/{number}/withdraw"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/api/v1/accounts/requests/{number}/half"): (P.MANAGE_ACCOUNTS,),
    ("POST", "/api/v1/accounts/requests/{number}/decide"): (P.APPROVE_ACCOUNTS,),
    # Emergencies: anybody of the business takes a role beside another, who confirms it at the desk.
    ("POST", "/emergency"): (P.TAKE_PART,),
    ("POST", "/emergency/{number}/end"): (P.TAKE_PART,),
    ("POST", "/emergency/{number}/review"): (P.APPROVE_OFFICE, P.APPROVE_LEADER),
    ("POST", "/api/v1/emergencies"): (P.TAKE_PART,),
    ("POST", "/api/v1/emergencies/{number}/end"): (P.TAKE_PART,),
    ("POST", "/api/v1/emergencies/{number}/review"): (P.APPROVE_OFFICE, P.APPROVE_LEADER),
    # The readers.
    ("POST", "/readers"): (P.MANAGE_READERS,),
    ("POST", "/readers/probe"): (P.MANAGE_READERS,),
    ("POST", "/readers/{name}"): (P.MANAGE_READERS,),
    ("POST", "/readers/{name}/set-up"): (P.MANAGE_READERS,),
    ("POST", "/readers/{name}/antennas"): (P.MANAGE_READERS,),
    ("POST", "/portals/{identifier}/beam"): (P.MANAGE_READERS,),
    ("POST", "/portals/{identifier}/trials"): (P.HEAD_ENQUIRIES,),
    ("POST", "/presence/learn"): (P.MANAGE_READERS,),
    ("POST", "/presence/use"): (P.MANAGE_READERS,),
    ("POST", "/devices"): (P.MANAGE_READERS,),
    ("POST", "/devices/{name}/rotate"): (P.MANAGE_READERS,),
    ("POST", "/devices/{name}/revoke"): (P.MANAGE_READERS,),
}
"""Method and address -> the permissions of which one must be held."""
del P
