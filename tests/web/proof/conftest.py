"""What these tests share: a front whose books have their key."""

from tests.web.forms.conftest import signing

__all__ = ["signing"]
