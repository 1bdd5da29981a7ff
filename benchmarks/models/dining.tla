------------------------------- MODULE dining -------------------------------
(* dining.py in TLA+. *)
EXTENDS Naturals

CONSTANT N

VARIABLES at,     \* the next step of each philosopher
          taken   \* the forks that are taken

vars == <<at, taken>>
Seats == 0..(N - 1)
Right(i) == (i + 1) % N

Init == /\ at = [i \in Seats |-> "take left"]
        /\ taken = {}

Take(i, fork, here, next) == /\ at[i] = here
                             /\ fork \notin taken
                             /\ taken' = taken \cup {fork}
                             /\ at' = [at EXCEPT ![i] = next]

Put(i, fork, here, next) == /\ at[i] = here
                            /\ taken' = taken \ {fork}
                            /\ at' = [at EXCEPT ![i] = next]

Next == \E i \in Seats : \/ Take(i, i, "take left", "take right")
                         \/ Take(i, Right(i), "take right", "put right")
                         \/ Put(i, Right(i), "put right", "put left")
                         \/ Put(i, i, "put left", "take left")

Spec == Init /\ [][Next]_vars
=============================================================================
