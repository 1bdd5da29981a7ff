"""The pure core: actors, effects, systems, schedules, events, properties. No trio, clock, random or I/O.

To be read in this order:

- what there is: an `actor` has a state and handlers, which are held to their `declarations`, and their callers to
  `obligations`; a behaviour awaits `effects` (or, by mistake, what is `foreign`); a `system` is actors, and contexts
  that run behaviours, and says what a state is; `symmetry` tells which of its parts are alike
- what happens: `step` takes one step; a `caller` is the context that does, with the locks that it holds; handlers leave
  `notes`; `events` say what happened, with the call `chain`
- what happens in a row: a `schedule` names steps, a `token` is its short text, and `follow` goes by it; an `execution`
  is what one came to, for whoever is its `listener`
- what must hold: `properties`, which a `monitor` checks along one execution; a `finding` is one that is violated;
  `lock_order`, beside the one that a kernel documents (`documented_order`), and `lock_misuse`; and what of all that was
  put to the test (`exercise`)
- which model: a `scenario` of an era, with its switches (`switch`, `replacing`, `commits`); a `question` that eras can
  be asked, and a `contrast` of two cases
- words: `errors`, and what is said where something is wrong with what was typed or given (`arguments`, `suggestion`,
  `amount`)
"""
