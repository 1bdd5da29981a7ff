/* two_phase.py in Promela. N: resource managers, 8 at most. */

mtype = { undecided, committed, aborted };
mtype decision = undecided;
byte prepared; /* a bit for each manager that the transaction manager has heard of */

active [N] proctype ResourceManager()
{
	if
	:: goto prepare
	:: goto alone
	fi;

prepare:
	if
	:: atomic { decision == undecided -> prepared = prepared | (1 << _pid) }
	:: decision != undecided -> goto ignored
	fi;
	decision != undecided;

end_obeyed:
	false;
end_ignored: ignored:
	false;
end_alone: alone:
	false
}

active proctype TransactionManager()
{
	if
	:: atomic { decision == undecided && prepared == (1 << N) - 1 -> decision = committed }
	:: atomic { decision == undecided -> decision = aborted }
	fi;
end:
	false
}
