// A distance between programs of the lab: what crosses the loopback interface takes its time.
import { run } from './support.js';

/**
 * Lets all that crosses the loopback interface take so many milliseconds, in each direction: TCP and UDP, no unix socket.
 * @param {number} delay 0: none
 */
export async function keepAway(delay) {
  await run('modprobe', ['sch_netem']);
  await run('tc', ['qdisc', 'del', 'dev', 'lo', 'root']).catch(() => {});
  // As many packets as a window of TCP can have under way.
  if (delay > 0)
    await run('tc', ['qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', `${delay}ms`, 'limit', '20000']);
}
