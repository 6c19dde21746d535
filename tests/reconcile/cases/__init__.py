"""Cases: what is laid together, what people do about it, where it goes."""
