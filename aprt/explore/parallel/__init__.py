"""Exploring with more than one process: who works, and how work is handed out.

A `crew` is processes with seats that work is sent to: `local` ones on this machine, or those of a `cluster`. `share`
has the strategies that can use one. "states" is a `partition` of the states by `ownership`: a seat plays its `role`
with a `part` of them, and learns as every `pupil` does. "dpor" is handed out as `subtrees`, each a `piece` of work
that begins at one of the `forks`; `endings` are the states that are told of.
"""
