"""Letter j: who goes into rated places, and what people sign for."""
