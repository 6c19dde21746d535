"""What is shipped to hash pass-phrases: argon2id, with work that a thief of the table pays for each guess."""

from api.sessions.passwords import shipped


def test_it_is_argon2id_with_real_work() -> None:
    kind, version, work, *_rest = shipped().hash("correct horse battery").strip("$").split("$")
    cost = dict(part.split("=") for part in work.split(","))
    assert (kind, version) == ("argon2id", "v=19")
    # OWASP's least: 19 MiB and two passes.
    assert int(cost["m"]) >= 19 * 1024
    assert int(cost["t"]) >= 2
