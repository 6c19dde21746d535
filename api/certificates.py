"""The house's own certificate authority: what it is made of, what it issues, how long that still holds.

ECDSA on P-256 with SHA-256. The authority holds ten years, may sign leaves only, and where names or networks are given
for none but these (critical name constraints). A leaf holds at most 398 days. Sources: RFC 5280, RFC 9525.
"""

import datetime as dt
import ipaddress
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from custody.values import DAY, SECOND, Instant

AUTHORITY_CERTIFICATE, AUTHORITY_KEY = "ca.pem", "ca.key"
AUTHORITY_DAYS = 3_652
LEAF_DAYS_MAX = 398
WARN_DAYS = 30
_BACKDATED = dt.timedelta(minutes=5)
"""Clocks differ a little: what was just issued must hold everywhere."""
_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")

Kind = Literal["server", "device"]


class CertificateError(Exception):
    """A certificate cannot be made or read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


def make_authority(name: str, permitted: Sequence[str], now: Instant) -> Pair:
    """A new authority. `permitted`: host names (their sub-domains with them), addresses and networks it may issue for;
    none: all. Raises CertificateError.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common(name))])
    begun = _moment(now)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun - _BACKDATED)
        .not_valid_after(begun + dt.timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if permitted:
        subtrees = [_subtree(one) for one in permitted]
        builder = builder.add_extension(x509.NameConstraints(subtrees, None), critical=True)
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Pair, names: Sequence[str], kind: Kind, days: int, now: Instant) -> Pair:
    """A certificate for these host names and addresses. The authority's own follows it in the file.

    Raises CertificateError for a name that is none, that the authority may not issue for, or too many days.
    """
    if not names:
        raise CertificateError("name at least one host name or address that the certificate is for")
    if not 1 <= days <= LEAF_DAYS_MAX:
        raise CertificateError(f"a certificate holds 1 to {LEAF_DAYS_MAX} days, not {days}")
    issuer = read_certificate(authority.certificate)
    general = [_general(name) for name in names]
    _within_constraints(issuer, general)
    begun = _moment(now)
    until = min(begun + dt.timedelta(days=days), issuer.not_valid_after_utc)
    if until <= begun:
        raise CertificateError("the authority's own certificate has ended: make a new authority ('custody tls init')")
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "device": ExtendedKeyUsageOID.CLIENT_AUTH}
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common(names[0]))]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(begun - _BACKDATED, issuer.not_valid_before_utc))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purposes[kind]]), critical=False)
        .add_extension(x509.SubjectAlternativeName(general), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_identifier(issuer), critical=False)
    )
    signer = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise CertificateError("the authority's key is of a kind that this product does not make")
    made = _pair(builder.sign(signer, hashes.SHA256()), key)
    return Pair(made.certificate + authority.certificate, made.key)


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate of a PEM file's text. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateError("this is no certificate in PEM") from error


def names_of(certificate: x509.Certificate) -> list[str]:
    """The host names and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(one.value) for one in found]


def days_left(certificate: x509.Certificate, now: Instant) -> int:
    """Whole days until it ends; negative once it has ended."""
    return (instant_of(certificate.not_valid_after_utc) - now) // DAY


def instant_of(moment: dt.datetime) -> Instant:
    """A certificate's time as an instant."""
    return int(moment.timestamp()) * SECOND


def load_authority(folder: Path) -> Pair:
    """The authority of a folder. Raises CertificateError."""
    try:
        return Pair((folder / AUTHORITY_CERTIFICATE).read_bytes(), (folder / AUTHORITY_KEY).read_bytes())
    except OSError as error:
        raise CertificateError(
            f"{folder} holds no authority ({error.strerror}): 'custody tls init {folder}'"
        ) from error


def save(pair: Pair, certificate: Path, key: Path) -> None:
    """Write both, the key for this account alone. Raises CertificateError where one is there already."""
    for path, data, mode in ((key, pair.key, 0o600), (certificate, pair.certificate, 0o644)):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            raise CertificateError(f"{path} cannot be written ({error.strerror}); nothing is overwritten") from error
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _moment(now: Instant) -> dt.datetime:
    return dt.datetime.fromtimestamp(now // SECOND, dt.UTC)


def _common(name: str) -> str:
    text = name.strip()
    if not text or not text.isprintable():
        raise CertificateError("the name must be printable text")
    return text[:64]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _general(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(_host(name))


def _subtree(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(_host(name))


def _host(name: str) -> str:
    lowered = name.lower()
    # The last label of a name is never all digits: that is an address mistyped.
    if not _HOST.fullmatch(lowered) or lowered.rpartition(".")[2].isdigit():
        raise CertificateError(f"{name!r} is neither a host name nor an address")
    return lowered


def _within_constraints(issuer: x509.Certificate, names: Iterable[x509.DNSName | x509.IPAddress]) -> None:
    try:
        permitted = issuer.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return
    for name in names:
        if not any(_covers(one, name) for one in permitted):
            raise CertificateError(f"this authority may not issue for {name.value}: it was made for other names")


def _covers(subtree: x509.GeneralName, name: x509.DNSName | x509.IPAddress) -> bool:
    if isinstance(subtree, x509.DNSName) and isinstance(name, x509.DNSName):
        return name.value == subtree.value or name.value.endswith(f".{subtree.value}")
    if isinstance(subtree, x509.IPAddress) and isinstance(name, x509.IPAddress):
        return ipaddress.ip_address(str(name.value)) in ipaddress.ip_network(str(subtree.value))
    return False
