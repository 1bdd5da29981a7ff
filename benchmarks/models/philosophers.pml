/* philosophers.py in Promela. N: philosophers. */

chan requests[N] = [2] of { byte };
chan releases[N] = [1] of { bit };
chan inboxes[N] = [1] of { bit };

#define LEFT  (_pid % N)
#define RIGHT ((_pid + 1) % N)

active [N] proctype Philosopher()
{
	chan inbox = inboxes[_pid];
	xr inbox; /* nobody else receives: without knowing that, Spin's reduction does next to nothing */

	do
	::
		requests[LEFT] ! _pid;
		inbox ? _;
		requests[RIGHT] ! _pid;
		inbox ? _;
		releases[LEFT] ! 0;
		releases[RIGHT] ! 0
	od
}

active [N] proctype Fork()
{
	byte asking;
	chan asked = requests[_pid % N], released = releases[_pid % N];
	xr asked;
	xr released;

end:
	do
	::
		asked ? asking;
		d_step { inboxes[asking] ! 0; asking = 0 };
		released ? _
	od
}
