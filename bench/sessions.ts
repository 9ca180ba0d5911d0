import { fork } from 'node:child_process';
import { openSync, readdirSync, readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { ConnectionLimit } from '../src/admission/connectionLimit.ts';
import { RedirectionClient } from '../src/engine/client.ts';
import { RedirectionServer } from '../src/engine/server.ts';
import { Hub } from '../src/hub/hub.ts';
import type { Attachment, UsbDevice, UsbDeviceSink, UsbOperation } from '../src/ports/usb.ts';
import { systemClock } from '../src/systemClock.ts';
import { dial } from '../transports/dial.ts';
import { listen, type Listener } from '../transports/listen.ts';
import { BULK_IN, NullDevice } from './nullDevice.ts';
import { print, table } from './table.ts';

/** Devices of a session. */
const DEVICES = 4;
/** Sessions that are opened, or closed, at the same time. */
const AT_A_TIME = 50;
/** Milliseconds between two transfers of a device of a busy session. */
const PAUSE = 500;
/** Bytes of such a transfer. */
const TRANSFER_SIZE = 4096;
/** Bytes of a transfer of the session that floods, and how many it has under way. */
const FLOOD = { length: 64 * 1024, inFlight: 16 };
/** Milliseconds for an answer: on a busy machine both ends wait for the processor. */
const PATIENCE = 300_000;
/** Milliseconds of one round. */
const ROUND_TIME = 2000;
/** Quiet rounds and rounds with the flood, by turns. */
const ROUNDS = 3;

/** What one process with `sessions` sessions, of which so many are busy, took. Memory is MiB. */
interface Result {
  readonly sessions: number;
  readonly busy: number;
  readonly start: Footprint;
  readonly open: Footprint;
  readonly peak: number;
  readonly end: Footprint;
  /** Milliseconds to open one, processor time. */
  readonly opening: number;
  /** Milliseconds, of each transfer: quiet, and while one session floods. */
  readonly quiet: number;
  readonly flooded: number;
}

interface Footprint {
  readonly rss: number;
  /** Heap that is in use, and buffers. */
  readonly used: number;
  readonly descriptors: number;
  readonly timers: number;
}

/** Each case in a process of its own: both ends of every session, over loopback TCP, with a hub at the servers' end. */
async function main(): Promise<void> {
  const [, , mode, url = ''] = process.argv;
  if (mode === 'flood') {
    const client = new RedirectionClient(await dial(url), { timers: { handshake: PATIENCE } });
    await client.attach(new NullDevice(FLOOD.length));
    await client.closed;
    return;
  }
  const given = process.argv
    .slice(2)
    .filter((each) => /^\d+$/.test(each))
    .map(Number);
  const [sessions, busy] = given;
  if (sessions !== undefined && busy !== undefined && process.send !== undefined) {
    process.send(await run(sessions, busy));
    process.disconnect();
    return;
  }
  const cases =
    sessions === undefined
      ? ([
          [500, 500],
          [1000, 500],
          [5000, 500],
        ] as const)
      : ([[sessions, busy ?? sessions]] as const);
  const results: Result[] = [];
  for (const [count, busyOnes] of cases) results.push(await inProcess(count, busyOnes));
  print(`Node ${process.version}; sessions of ${DEVICES} devices, both ends in one process, over TCP; memory in MiB`);
  print('');
  table(
    ['sessions', 'busy', 'memory', 'a session, KiB', 'to open, ms', 'start', 'all left', 'descriptors', 'timers'],
    results.map(({ sessions: all, busy: some, start, open, peak, end, opening }) => [
      `${all}`,
      `${some}`,
      peak.toFixed(0),
      (((open.used - start.used) * 1024) / all).toFixed(0),
      opening.toFixed(2),
      start.rss.toFixed(0),
      `${end.rss.toFixed(0)} (used ${start.used.toFixed(1)}, ${end.used.toFixed(1)})`,
      `${start.descriptors}, ${end.descriptors}`,
      `${start.timers}, ${end.timers}`,
    ]),
  );
  print('');
  table(
    ['sessions', 'busy', 'p99 quiet, ms', 'p99 while one floods, ms', 'ratio'],
    results.map(({ sessions: all, busy: some, quiet, flooded }) =>
      [all, some, quiet.toFixed(2), flooded.toFixed(2), `${(flooded / quiet).toFixed(2)}x`].map(String),
    ),
  );
}

function inProcess(sessions: number, busy: number): Promise<Result> {
  const child = fork(fileURLToPath(import.meta.url), [`${sessions}`, `${busy}`], {
    execArgv: [...process.execArgv, '--expose-gc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (result: Result) => resolve(result));
    child.once('exit', (code) => reject(new Error(`the process with ${sessions} sessions ended with ${code}`)));
  });
}

async function run(count: number, busy: number): Promise<Result> {
  // As the program sets them.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--heap-growing-percent=300');
  const place = await Place.open();
  // As many as will be there later: a process that had never so many would be no measure of what is left.
  await place.add(count);
  const endOfFlood = await place.flood();
  await place.round(busy, ROUND_TIME);
  await endOfFlood();
  await place.leave();
  const start = await footprint();
  const before = processorTime();
  await place.add(count);
  const opening = (processorTime() - before) / count;
  const open = await footprint();
  const quiet: number[] = [];
  const flooded: number[] = [];
  let peak = open.rss;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20)), 50);
  for (let round = 0; round < ROUNDS; round += 1) {
    quiet.push(...(await place.round(busy, ROUND_TIME)));
    const stop = await place.flood();
    flooded.push(...(await place.round(busy, ROUND_TIME)));
    await stop();
  }
  clearInterval(watch);
  await place.leave();
  const end = await footprint();
  await place.close();
  return {
    ...{ sessions: count, busy, start, open, peak, end, opening },
    ...{ quiet: percentile(quiet, 0.99), flooded: percentile(flooded, 0.99) },
  };
}

/** After the garbage is collected. */
async function footprint(): Promise<Footprint> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    globalThis.gc?.();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const timers = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const descriptors = readdirSync('/proc/self/fd').length;
  return { rss: rss / 2 ** 20, used: (heapUsed + external) / 2 ** 20, descriptors, timers };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

const SCHEDULER = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const LINE = Buffer.alloc(64);

/**
 * Processor time of this thread, milliseconds: what other programs of the machine take, and the threads of the garbage
 * collector beside it, is no delay.
 */
function processorTime(): number {
  const length = readSync(SCHEDULER, LINE, 0, LINE.byteLength, 0);
  return Number(LINE.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

/** Takes every device and configures it. */
class Host implements UsbDeviceSink {
  readonly name = 'bench';
  readonly devices = new Set<UsbDevice>();

  async attach(device: UsbDevice): Promise<Attachment> {
    await device.open();
    await new Promise((resolve) => device.submit({ type: 'setConfiguration', configurationValue: 1 }, resolve));
    this.devices.add(device);
    const ended = new Promise<void>((resolve) => {
      device.gone.addEventListener('abort', () => resolve(), { once: true });
    }).then(async () => {
      this.devices.delete(device);
      await device.close();
      return { reason: 'unplugged' as const };
    });
    return { device, ended, release: () => ended.then(() => undefined) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A server as `urbdrc serve` is one, and its clients. */
class Place {
  readonly #host = new Host();
  readonly #hub = new Hub({ clock: systemClock });
  readonly #listener: Promise<Listener>;
  #clients: RedirectionClient[] = [];

  static async open(): Promise<Place> {
    const place = new Place();
    await place.#hub.addSink(place.#host);
    return place;
  }

  private constructor() {
    this.#listener = listen('tcp://127.0.0.1:0', { connections: new ConnectionLimit(20_000) }, (transport) => {
      void this.serve(new RedirectionServer(transport, { timers: { handshake: PATIENCE } }));
    });
  }

  async serve(server: RedirectionServer): Promise<void> {
    await this.#hub.addSource(server);
    await server.closed;
    await server.close();
  }

  async add(count: number): Promise<void> {
    for (let left = count; left > 0; left -= AT_A_TIME) {
      await Promise.all(Array.from({ length: Math.min(left, AT_A_TIME) }, () => this.#addOne()));
    }
    const wanted = this.#clients.length * DEVICES;
    await this.#until(() => this.#host.devices.size === wanted || undefined);
  }

  async #addOne(): Promise<void> {
    const client = new RedirectionClient(await dial((await this.#listener).url));
    this.#clients.push(client);
    for (let port = 1; port <= DEVICES; port += 1) {
      const { announced, ended } = await client.attach(new NullDevice(FLOOD.length, port));
      const end = await Promise.race([announced, ended]);
      if (end !== undefined) throw new Error(`a device was not redirected: ${end.reason}`);
    }
  }

  /**
   * Transfers of the first so many sessions, each device in its turn. Returns how long each took, milliseconds. All time is
   * that of the processor: on a busy machine timers would go off in bunches.
   */
  async round(sessions: number, time: number): Promise<number[]> {
    const devices = [...this.#host.devices].slice(DEVICES, (sessions + 1) * DEVICES);
    const begin = processorTime();
    const times: number[] = [];
    const underWay = new Set<Promise<void>>();
    let next = 0;
    for (let now = 0; now < time; now = processorTime() - begin) {
      for (; next * PAUSE <= now * devices.length; next += 1) {
        const device = devices[next % devices.length];
        if (device === undefined) break;
        const submitted = processorTime();
        const ended = transfer(device, TRANSFER_SIZE).then(() => {
          times.push(processorTime() - submitted);
          underWay.delete(ended);
        });
        underWay.add(ended);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(underWay);
    return times;
  }

  /** One more session, whose client is another process, sends as fast as it can. Returns what ends it. */
  async flood(): Promise<() => Promise<void>> {
    const others = new Set(this.#host.devices);
    const client = fork(fileURLToPath(import.meta.url), ['flood', (await this.#listener).url]);
    const device = await this.#until(() => [...this.#host.devices].find((each) => !others.has(each)));
    const count = others.size;
    // What is returned would keep them when they have left, and they would be measured.
    others.clear();
    const loops = Array.from({ length: FLOOD.inFlight }, async () => {
      while (!device.gone.aborted) await transfer(device, FLOOD.length).catch(() => {});
    });
    return async () => {
      client.kill();
      await Promise.all(loops);
      await this.#until(() => this.#host.devices.size === count || undefined);
    };
  }

  /** Looks again and again until there is something. */
  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** All clients leave. */
  async leave(): Promise<void> {
    for (const clients = this.#clients; clients.length > 0;) {
      await Promise.all(clients.splice(0, AT_A_TIME).map((client) => client.close()));
    }
    await this.#until(() => (this.#hub.sessions.length === 0 && this.#host.devices.size === 0) || undefined);
  }

  async close(): Promise<void> {
    await (await this.#listener).close();
    await this.#hub.close();
  }
}

function transfer(device: UsbDevice, length: number): Promise<void> {
  const operation: UsbOperation = { type: 'transferIn', endpointAddress: BULK_IN, length };
  return new Promise((resolve, reject) => {
    device.submit(operation, ({ status }) => {
      if (status === 'completed') resolve();
      else reject(new Error(`a transfer ended as ${status}`));
    });
  });
}

await main();
