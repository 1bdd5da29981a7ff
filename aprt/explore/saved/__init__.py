"""Searches that can be resumed: what they keep in a file, and how they go on with it.

`file` is the file. `journal` keeps what was learned of the model, `chunks` states, `series` numbers, `asked` why a
search of traces began anew; `reading` tells how much has been read back. `states`, `traces`, `reduced` and `walks` put
these together for a strategy each. `answers` keeps whole answers instead.
"""
