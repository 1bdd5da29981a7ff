/* dining.py in Promela. N: philosophers. */

bit fork[N];

#define LEFT  fork[_pid]
#define RIGHT fork[(_pid + 1) % N]

active [N] proctype Philosopher()
{
	do
	::
		atomic { LEFT == 0 -> LEFT = 1 };
		atomic { RIGHT == 0 -> RIGHT = 1 };
		RIGHT = 0;
		LEFT = 0
	od
}
