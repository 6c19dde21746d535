"""Readers that speak JSON by themselves: over an HTTP stream, by posting to us, or through an MQTT broker.

`found` is what a message can say, `texts` reads times and numbers out of JSON, `numbers` and `offset` know gaps,
totals and clocks, `memory` keeps what outlives a connection, `assembly` makes batches, `driver` is the driver over any
source; `httpstream`, `webhook` and `mqtt` are the sources. What a maker's messages mean stands in `readers.impinj` and
`readers.zebra`.
"""
