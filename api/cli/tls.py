"""`custody tls`: the house's own certificate authority, and what it issues."""

from argparse import Namespace
from pathlib import Path

from api.certificates import (
    AUTHORITY_CERTIFICATE,
    AUTHORITY_KEY,
    CertificateError,
    days_left,
    issue,
    load_authority,
    make_authority,
    names_of,
    read_certificate,
    save,
)
from api.cli.said import say
from api.installation import InstallationError
from custody import clock


def init_authority(options: Namespace) -> int:
    """A new authority in an empty folder. Raises InstallationError."""
    folder: Path = options.folder
    try:
        made = make_authority(options.name, options.permit, clock.now())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        save(made, folder / AUTHORITY_CERTIFICATE, folder / AUTHORITY_KEY)
    except (CertificateError, OSError) as error:
        raise InstallationError(str(error)) from error
    say(f"The authority is in {folder}. {AUTHORITY_CERTIFICATE} goes to every browser and edge daemon;")
    say(f"{AUTHORITY_KEY} vouches for any name{_permitted(options.permit)}: keep it off the server, locked away.")
    return 0


def _permitted(names: list[str]) -> str:
    return f" within {', '.join(names)}" if names else " whatever"


def issue_certificate(options: Namespace) -> int:
    """A certificate and its key, beside the authority. Raises InstallationError."""
    folder: Path = options.folder
    stem = options.names[0].replace(":", "_")
    try:
        made = issue(load_authority(folder), options.names, options.kind, options.days, clock.now())
        certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        if options.renew:
            certificate.unlink(missing_ok=True)
            key.unlink(missing_ok=True)
        save(made, certificate, key)
    except (CertificateError, OSError) as error:
        raise InstallationError(str(error)) from error
    say(f"{certificate} and {key}: for {', '.join(options.names)}, {options.days} days.")
    if options.kind == "server":
        say(f"Serve with: custody serve --host ADDRESS --tls-cert {certificate} --tls-key {key}")
    return 0


def show_certificate(options: Namespace) -> int:
    """What a certificate is for and how long; 1 once it has ended. Raises InstallationError."""
    try:
        found = read_certificate(options.file.read_bytes())
    except (CertificateError, OSError) as error:
        raise InstallationError(f"{options.file}: {error}") from error
    left = days_left(found, clock.now())
    names = ", ".join(names_of(found)) or found.subject.rfc4514_string()
    say(f"{names}: until {found.not_valid_after_utc:%Y-%m-%d}, {left} days left")
    return 0 if left >= 0 else 1
