"""Pass-phrases as quick as in the tests of the commands."""

from tests.cli.conftest import quick_passwords as quick_passwords
