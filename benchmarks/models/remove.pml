/* remove.py in Promela. GUESTS, QUEUES: how many; three queues at most. */

bit linked[QUEUES] = 1, live[QUEUES] = 1, interrupt[QUEUES];
byte users[QUEUES];

active [GUESTS] proctype Guest()
{
	byte q;

end_choose:
	if
	:: q = 0
	:: d_step { QUEUES > 1 -> q = 1 }
	:: d_step { QUEUES > 2 -> q = 2 }
	fi;
end_find:
	if
	:: d_step { !linked[q] -> q = 0 }; goto end_choose
	:: d_step { linked[q] -> users[q]++ }
	fi;
end_aqic:
	d_step { assert(live[q]); interrupt[q] = 1 };
end_put:
	d_step { assert(live[q]); users[q]--; q = 0 };
	goto end_choose
}

active proctype Administrator()
{
	byte q;

end:
	do
	::
		d_step { q < QUEUES -> linked[q] = 0 };
		users[q] == 0;
		interrupt[q] = 0;
		d_step { assert(!interrupt[q]); live[q] = 0; q++ }
	od
}
