"""A driver for UHF readers that speak LLRP 1.0.1 (EPCglobal Low Level Reader Protocol), over sllurp 3.0.5.

What was chosen, and why. sllurp builds our messages and decodes the reader's answers; the socket, the framing,
the watchdog and the decoding of RO_ACCESS_REPORT are ours, because sllurp 3.0.5

- runs its own thread, which dies without a callback when a field is malformed or the connection is cut within
  a message, and whose disconnect() from another thread did not finish in 11 of 30 trials;
- never notices a frozen reader: it has no watchdog over the keepalive messages;
- drops the rest of the segment behind a message of unknown type, and waits for a message of 3 GB;
- idles for ever when the reader says that it serves another client;
- waits with select(), which fails on file descriptors above 1023;
- decodes about 0.1 million tags a second on a small machine, and does not check lengths within a tag.

So: `framing` cuts the byte stream into messages of bounded length, `report` decodes tag reports with every
length checked, `messages` is all that knows sllurp, `clock` corrects the reader's time, `driver` is the
conversation.
"""

from readers.llrp.driver import LlrpDriver, LlrpSettings
from readers.llrp.introduction import Introduction, introduce

__all__ = ["Introduction", "LlrpDriver", "LlrpSettings", "introduce"]
