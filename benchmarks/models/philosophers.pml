/* philosophers.py in Promela. N: philosophers. UNTOLD: Spin is not told that each mailbox has one receiver. */

#ifdef UNTOLD
#define only_receiver(mailbox)
#else
#define only_receiver(mailbox) xr mailbox
#endif

chan requests[N] = [2] of { byte };
chan releases[N] = [1] of { bit };
chan inboxes[N] = [1] of { byte };

#define LEFT  (_pid % N)
#define RIGHT ((_pid + 1) % N)

active [N] proctype Philosopher()
{
	chan inbox = inboxes[_pid];
	only_receiver(inbox);

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
	only_receiver(asked);
	only_receiver(released);

end:
	do
	::
		asked ? asking;
		d_step { inboxes[asking] ! LEFT; asking = 0 };
		released ? _
	od
}
