// Which threads of the machine were at work during a measurement, and how long they waited for a processor.
import { readdir, readFile } from 'node:fs/promises';

/** @typedef {{ readonly name: string, readonly run: number, readonly wait: number, readonly turns: number }} ThreadTimes in ns */

/** Of the kernel, what has a part in it. */
const KERNEL_THREADS = /^(vhci_|stub_|usb-storage|ksoftirqd)/;

/** @returns {Promise<Map<string, ThreadTimes>>} of the threads that have a part in it, by their ids */
async function threads() {
  const found = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const tid of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const at = `/proc/${pid}/task/${tid}`;
      try {
        const name = (await readFile(`${at}/comm`, 'utf8')).trim();
        const command = (await readFile(`${at}/cmdline`, 'utf8')).split('\0');
        const [run = 0, wait = 0, turns = 0] = (await readFile(`${at}/schedstat`, 'utf8')).split(' ').map(Number);
        // Of our processes, which one: "redirect", "serve".
        const role = command.find((word) => word === 'serve' || word === 'redirect');
        if (role === undefined && !KERNEL_THREADS.test(name)) continue;
        found.set(tid, { name: role === undefined ? name : `${role}: ${name}`, run, wait, turns });
      } catch {
        // It has ended.
      }
    }
  }
  return found;
}

/**
 * What threads did while `work` ran, the busiest first: microseconds on a processor and waiting for one, and how often
 * they came to run, all for each of `count` commands.
 * @param {number} count
 * @param {() => Promise<unknown>} work
 */
export async function threadsDuring(count, work) {
  const before = await threads();
  await work();
  const after = await threads();
  const each = (/** @type {number} */ value) => Number((value / count).toFixed(value / count < 10 ? 1 : 0));
  return [...after]
    .map(([tid, { name, run, wait, turns }]) => {
      const start = before.get(tid);
      return {
        name,
        run: each((run - (start?.run ?? 0)) / 1000),
        wait: each((wait - (start?.wait ?? 0)) / 1000),
        turns: each(turns - (start?.turns ?? 0)),
      };
    })
    .filter(({ run }) => run >= 10)
    .sort((a, b) => b.run - a.run);
}
