"""A year of an archive: lawful work by the books and on the air, and faults put into it whose truth is known.

`house` is the place and its truth, `air` what its readers tell, `work` what people lawfully do, `faults` what is done
besides and what should be found. None of them knows how anything is found.
"""
