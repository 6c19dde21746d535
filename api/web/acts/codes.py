"""The codes of a scan box, as the acts' table reads them."""

from api.acts.codes import CODES_MAX as CODES_MAX
from api.acts.codes import resolve as resolve
from api.acts.codes import split_codes as split_codes
