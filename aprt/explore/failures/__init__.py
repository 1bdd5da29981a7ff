"""A failing schedule: how small it can be, what in it decides, and what keeps something going for ever.

`failing` says when two schedules fail alike, and plays schedules; `minimal` makes one smaller, by `fewest` where the
state graph is small enough, else by `delta`. `critical` and `necessary` tell which orders, choices and actors decide,
by what can still follow (`prospects`, over an `explored_graph`), of the execution as a `failing_trace`. `trap` and
`endless` are about failures that never end.
"""
