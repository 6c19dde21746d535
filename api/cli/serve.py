"""`custody serve`: the pages and the REST interface of a data folder."""

import os
from argparse import Namespace
from contextlib import closing

from api import logs
from api.certificates import WARN_DAYS, CertificateError, days_left, read_certificate
from api.cli.said import complain, say
from api.installation import InstallationError, data_folder, open_services
from api.serving import Front, Tls, listening_socket
from api.serving import serve as serve_services
from custody import clock


def front_of(options: Namespace) -> Front:
    """How the server is reached. Raises InstallationError where that is not safe, or half said."""
    if bool(options.tls_cert) != bool(options.tls_key):
        raise InstallationError("Give both --tls-cert and --tls-key, or neither.")
    tls = Tls(options.tls_cert, options.tls_key) if options.tls_cert else None
    if tls is not None and options.proxies:
        raise InstallationError("Either this server speaks TLS or the proxy before it does; say one of the two.")
    front = Front(tls, tuple(options.proxies))
    front.refuse_plain(options.host)
    return front


def serve(options: Namespace) -> int:
    """Until SIGINT or SIGTERM. The log is JSON lines, on standard error or in a file."""
    front = front_of(options)
    data = data_folder(options.data, os.environ)
    try:
        logs.set_up(options.log_file)
    except OSError as error:
        raise InstallationError(f"{options.log_file} cannot be written: {error.strerror}") from error
    with closing(listening_socket(options.host, options.port)) as sock:
        services = open_services(data, clock.now)
        with services.database:
            host, port = sock.getsockname()[:2]
            if front.tls is not None:
                _warn(front.tls)
            say(f"Serving on {'http' if front.tls is None else 'https'}://{host}:{port}")
            serve_services(services, sock, front)
    return 0


def _warn(tls: Tls) -> None:
    tls.context()
    try:
        left = days_left(read_certificate(tls.certificate.read_bytes()), clock.now())
    except CertificateError as error:
        raise InstallationError(f"{tls.certificate}: {error}") from error
    if left < WARN_DAYS:
        complain(f"custody: {tls.certificate} ends in {left} days; issue the next: custody tls issue --renew")
