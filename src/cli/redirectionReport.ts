import type { Redirection } from '../engine/client.ts';
import type { AttachmentEnd } from '../ports/usb.ts';
import { oneLine } from './failure.ts';
import { describeIdentity } from '../policy/selection.ts';
import { idleClock } from '../systemClock.ts';
import { eventDevice } from './programEvent.ts';
import type { Terminal } from './terminal.ts';
import { formatBytes } from './text.ts';

const LIVE_INTERVAL = 250;
/** Off a terminal, a line this often while bytes move. */
const PLAIN_INTERVAL = 10_000;

/** Tells what becomes of redirected devices: lines for events, and how much moves and how fast. */
export class RedirectionReport {
  readonly #terminal: Terminal;
  readonly #redirections = new Set<Redirection>();
  #stopTimer: () => void;
  #lastBytes = 0;
  #lastTime = idleClock.now();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#stopTimer = this.#startTimer();
  }

  follow(redirection: Redirection): void {
    const name = describeIdentity(redirection.device.identity);
    this.#redirections.add(redirection);
    const device = eventDevice(redirection.device.identity);
    void redirection.announced.then(() =>
      this.#terminal.say(`redirecting ${name}`, { event: 'redirecting', ...device }),
    );
    void redirection.ended.then((end) => {
      this.#redirections.delete(redirection);
      const { requests, failures, bytesIn, bytesOut } = redirection.statistics;
      this.#terminal.say(
        `${name}: ${explain(end)} (${requests} requests, ${failures} failed, ` +
          `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out)`,
        {
          event: 'redirected',
          reason: end.reason,
          ...(end.reason === 'refused' && end.explanation !== undefined && { explanation: end.explanation }),
          ...{ requests, failures, bytesIn, bytesOut },
          ...device,
        },
      );
    });
  }

  stop(): void {
    this.#stopTimer();
    this.#terminal.done();
  }

  #startTimer(): () => void {
    return idleClock.after(this.#terminal.isLive ? LIVE_INTERVAL : PLAIN_INTERVAL, () => {
      this.#stopTimer = this.#startTimer();
      this.#tick();
    });
  }

  #tick(): void {
    const statistics = [...this.#redirections].map((each) => each.statistics);
    const sum = (key: 'requests' | 'bytesIn' | 'bytesOut') => statistics.reduce((total, each) => total + each[key], 0);
    const bytes = sum('bytesIn') + sum('bytesOut');
    const now = idleClock.now();
    const rate = Math.max(0, bytes - this.#lastBytes) / ((now - this.#lastTime) / 1000);
    const moved = bytes !== this.#lastBytes;
    this.#lastBytes = bytes;
    this.#lastTime = now;
    const line =
      `${statistics.length} device${statistics.length === 1 ? '' : 's'}, ${sum('requests')} requests, ` +
      `${formatBytes(sum('bytesIn'))} in, ${formatBytes(sum('bytesOut'))} out, ${formatBytes(rate)}/s`;
    if (this.#terminal.isLive) this.#terminal.live(line);
    else if (moved) {
      const event = { event: 'traffic', devices: statistics.length, bytesPerSecond: Math.round(rate) } as const;
      const [requests, bytesIn, bytesOut] = [sum('requests'), sum('bytesIn'), sum('bytesOut')];
      this.#terminal.say(line, { ...event, requests, bytesIn, bytesOut });
    }
  }
}

function explain(end: AttachmentEnd): string {
  switch (end.reason) {
    case 'released':
      return 'given back';
    case 'unplugged':
      return 'unplugged; it is redirected again when it comes back';
    case 'refused':
      return end.explanation === undefined
        ? "given back: the server's policy does not allow it"
        : `given back: the server does not take it: ${oneLine(end.explanation)}`;
    case 'returned':
      return 'given back: the server let go of it';
    case 'closed':
      return 'given back: the connection is closed';
    case 'failed':
      return `given back: ${oneLine(end.error)}`;
  }
}
