"""Executions drawn by lot, and what can be estimated from some of them about all.

`walks` is the loop that the strategies share, each of which picks the next context in its own way: `random_walk`,
`urw`, `pos`, `pct`, `delay`; `portfolio` takes turns. `contention` tells which steps can matter to others. `unseen`
estimates what was missed, `estimates` how many interleavings and traces there are (`spread`: over one trace), and
`outlook` whether these or the states are more, for strategy "auto".
"""
