"""Searches that can be resumed: what they keep in a file, and how they go on with it.

`file` is the file; `journal` keeps what was learned of the model, `chunks` states, `series` numbers, `asked` how often
a search of traces began anew; `reading` tells how far it is with reading them back. By strategy: `states`, `traces`,
`reduced`, `walks`. `answers` keeps whole answers instead.
"""
