----------------------------- MODULE two_phase -----------------------------
(* two_phase.py in TLA+, after module TwoPhase of Gray and Lamport. The    *)
(* decision and the messages that tell of it are one variable here, since *)
(* nothing is lost: each is there when, and only when, the other is.      *)
EXTENDS Naturals

CONSTANT N

VARIABLES manager,  \* what each resource manager is
          sent,     \* the managers whose message "prepared" is in the network
          heard,    \* those of which the transaction manager has received it
          decision

vars == <<manager, sent, heard, decision>>
Managers == 1..N

Init == /\ manager = [r \in Managers |-> "working"]
        /\ sent = {}
        /\ heard = {}
        /\ decision = "none"

Hear(r) == /\ decision = "none"
           /\ r \in sent
           /\ heard' = heard \cup {r}
           /\ UNCHANGED <<manager, sent, decision>>

Commit == /\ decision = "none"
          /\ heard = Managers
          /\ decision' = "commit"
          /\ UNCHANGED <<manager, sent, heard>>

Abort == /\ decision = "none"
         /\ decision' = "abort"
         /\ UNCHANGED <<manager, sent, heard>>

Prepare(r) == /\ manager[r] = "working"
              /\ manager' = [manager EXCEPT ![r] = "prepared"]
              /\ sent' = sent \cup {r}
              /\ UNCHANGED <<heard, decision>>

Refuse(r) == /\ manager[r] = "working"
             /\ manager' = [manager EXCEPT ![r] = "aborted"]
             /\ UNCHANGED <<sent, heard, decision>>

Obey(r) == /\ decision # "none"
           /\ manager' = [manager EXCEPT ![r] = IF decision = "commit" THEN "committed" ELSE "aborted"]
           /\ UNCHANGED <<sent, heard, decision>>

Next == \/ Commit
        \/ Abort
        \/ \E r \in Managers : Hear(r) \/ Prepare(r) \/ Refuse(r) \/ Obey(r)

Spec == Init /\ [][Next]_vars
=============================================================================
