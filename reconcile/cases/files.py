"""What a file is, by its first bytes; its name says nothing. Only what can hold no program is kept."""

from collections.abc import Mapping

MAGIC: Mapping[bytes, str] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
"""First bytes -> kind. Nothing of it is ever shown in a page: it is handed out as it came in, to be saved."""
TEXT = "text/plain"


def media_of(content: bytes) -> str:
    """The kind of a file; empty for one that is not kept but by its hash."""
    for begins, media in MAGIC.items():
        if content.startswith(begins):
            return media
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    plain = all(one.isprintable() or one in "\r\n\t" for one in text)
    return TEXT if plain and not text.lstrip("\ufeff \r\n\t").startswith(("<", "#!")) else ""
