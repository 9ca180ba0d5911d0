// What goes over a bus of this machine, as usbmon shows it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exists, run, waitUntil } from './support.js';

const USBMON = '/sys/kernel/debug/usb/usbmon';

/**
 * Watches the bulk transfers of a device. A host that is beside the device has one of a Bulk-Only function at a time.
 * @param {number} busNumber
 * @param {number} deviceNumber
 */
export async function watchBus(busNumber, deviceNumber) {
  if (!(await exists(USBMON))) await run('mount', ['-t', 'debugfs', 'debugfs', '/sys/kernel/debug']);
  // The kernel keeps a hundred events: what takes them waits for nobody.
  const file = join(tmpdir(), `bus-${busNumber}-${deviceNumber}`);
  const cat = spawn('bash', ['-c', `exec nice -n -15 cat ${USBMON}/${busNumber}u >${file}`], { stdio: 'inherit' });
  const ended = once(cat, 'exit');
  await waitUntil(() => exists(file), 20_000, 'usbmon is read');
  const place = `${busNumber}:${String(deviceNumber).padStart(3, '0')}`;
  return {
    /** Ends the watch: transfers that began while another one was under way, and how many ended in all. */
    async stop() {
      let seen = -1;
      const isQuiet = async () => {
        const { length } = await readFile(file);
        return length === seen || ((seen = length), false);
      };
      await waitUntil(isQuiet, 20_000, 'the bus is quiet');
      cat.kill();
      await ended;
      const lines = (await readFile(file, 'utf8')).split('\n');
      await rm(file);
      return bulkTransfers(lines, place);
    },
  };
}

/**
 * @param {readonly string[]} lines of usbmon
 * @param {string} place bus and device
 */
function bulkTransfers(lines, place) {
  /** Lines of their beginnings, by the URBs' tags. @type {Map<string, number>} */
  const begun = new Map();
  /** @type {{ from: number, to: number }[]} */
  const transfers = [];
  for (const [number, line] of lines.entries()) {
    // "ffff8881 3575914555 S Bi:1:002:1 -115 512 <": tag, time, event, address, status, length.
    const [tag = '', , event, address = ''] = line.split(' ');
    if (!/^B[io]$/.test(address.slice(0, 2)) || !address.startsWith(place, 3)) continue;
    const from = begun.get(tag);
    begun.delete(tag);
    if (event === 'S') begun.set(tag, number);
    else if (from !== undefined) transfers.push({ from, to: number });
  }
  transfers.sort((a, b) => a.from - b.from);
  const early = transfers.filter(({ from }, index) => from < (transfers[index - 1]?.to ?? -1));
  return { early: early.map(({ from }) => lines[from]), transfers: transfers.length };
}
