"""What each step and each state is checked for, and what of the model a search put to the test.

`checks` works out for every learned step what to look at, `judges` remember what a check said. `exercised` tells what
happened in a search: with `lines`, which lines of the model were never reached; with `deciding`, whether a message's
answer could have led there; `model_code` says which code is the model's.
"""
