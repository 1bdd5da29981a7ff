"""Measurements of aprt, most of them beside other tools on the same problems in one run: `make bench`.

Each table is made by one module: `states` (aprt, Spin and TLC on the models of the `catalogue`), `executions` (aprt
and frontrun on small programs), `jobs` (one process and two), `race` (a rare race), `hunt` (the bugs of the museum).
`report` prints them.

`contest` lets several ways to search the same models take turns. `subject`, `spin` and `tlc` run one model by aprt,
Spin and TLC, and give what was `measured`; `process` runs programs. In processes of their own run `search` (aprt on a
model), `traces` (aprt on a small program) and `threads` (frontrun on the same); `jobs` asks `aprt explore` about
`scenarios`.
"""
