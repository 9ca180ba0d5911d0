/*
 * tsc: prints how many thousands of ticks the time stamp counter makes a second. It is the lab's guest that wants to
 * know: QEMU gives it this machine's counter, and a guest that measures by itself while the machine is busy may be wrong
 * by a factor of ten, and its clock with it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
	uint64_t ticks, ns;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/* Both clocks at one moment: of some tries the one in which the least time went by between two looks. */
static struct reading read_both(void)
{
	struct reading best = { 0, 0 };
	uint64_t shortest = UINT64_MAX;

	for (int tries = 0; tries < 100; tries++) {
		uint64_t before = clock_ns();
		uint64_t ticks = __rdtsc();
		uint64_t took = clock_ns() - before;

		if (took >= shortest)
			continue;
		shortest = took;
		best = (struct reading){ ticks, before + took / 2 };
	}
	return best;
}

int main(void)
{
	struct reading first = read_both(), last;
	struct timespec wait = { 0, 100000000 };

	nanosleep(&wait, NULL);
	last = read_both();
	printf("%.0f\n", (last.ticks - first.ticks) * 1e6 / (last.ns - first.ns));
	return 0;
}
