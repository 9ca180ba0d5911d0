import {
  type ControlList,
  type ControlRequest,
  isControlList,
  Lines,
  type ListedDevice,
  LONGEST_ANSWER,
  parsed,
} from '../../control/controlMessages.ts';
import { Rates } from './rates.ts';

/** Where an admin page's bytes go. */
export interface AdminLink {
  send(line: string): void;
  close(): void;
}

export interface AdminViewOptions {
  readonly link: AdminLink;
  /** Milliseconds. */
  readonly now: () => number;
  /** Anything has changed. */
  readonly changed: () => void;
}

/** What a running program has, as its control socket tells it, and what is asked of it: docs/running.md. */
export class AdminView {
  readonly #options: AdminViewOptions;
  readonly #lines = new Lines(LONGEST_ANSWER);
  readonly #waiting: ((problem: string | undefined) => void)[] = [];
  readonly #rates = new Map<number, { readonly rates: Rates; bytesIn: number; bytesOut: number }>();
  #list: ControlList | undefined;
  #listedAt = 0;

  constructor(options: AdminViewOptions) {
    this.#options = options;
    this.#send({ do: 'watch', traffic: true });
  }

  /** Undefined until the program has told it. */
  get list(): ControlList | undefined {
    return this.#list;
  }

  /** Milliseconds since the list came: ages in it are of then. */
  get listAge(): number {
    return this.#options.now() - this.#listedAt;
  }

  /** Rates of the last minute. @param device - its id in the list */
  ratesOf(device: number) {
    return (this.#rates.get(device)?.rates ?? new Rates()).at(this.#options.now());
  }

  /** Resolves with undefined when it was done, else with what the program says against it. */
  ask(request: Exclude<ControlRequest, { do: 'list' | 'watch' }>): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#send(request);
    });
  }

  /** Bytes of the program. What is no answer ends the connection. */
  received(bytes: Uint8Array): void {
    for (const line of this.#lines.push(bytes) ?? ['']) {
      const answer = parsed(line);
      if (answer === undefined) {
        this.#options.link.close();
        return;
      }
      this.#answered(answer);
    }
    this.#options.changed();
  }

  /** The connection is over. */
  closed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve('The connection is over.');
  }

  #send(request: ControlRequest): void {
    this.#options.link.send(`${JSON.stringify(request)}\n`);
  }

  /** A list and a count come by themselves; what else comes is the answer to the oldest request. */
  #answered({ ok, list, traffic, place, error }: Readonly<Record<string, unknown>>): void {
    if (isControlList(list)) this.#listed(list);
    else if (Array.isArray(traffic)) traffic.forEach((each: unknown) => this.#counted(each));
    else if (typeof place === 'number') this.#waiting.shift()?.(`It waits, as number ${place}.`);
    else
      this.#waiting.shift()?.(
        ok === true ? undefined : `Refused: ${typeof error === 'string' ? error : 'without a reason'}.`,
      );
  }

  #listed(list: ControlList): void {
    this.#list = list;
    this.#listedAt = this.#options.now();
    const ids = new Set(list.devices.map(({ id }) => id));
    for (const id of this.#rates.keys()) if (!ids.has(id)) this.#rates.delete(id);
  }

  #counted(value: unknown): void {
    if (!isTraffic(value) || this.#list?.devices.every(({ id }) => id !== value.device) !== false) return;
    const { device, bytesIn, bytesOut } = value;
    const known = this.#rates.get(device);
    this.#rates.set(device, { rates: known?.rates ?? new Rates(), bytesIn, bytesOut });
    // It begins anew with each holder.
    if (known === undefined || bytesIn < known.bytesIn || bytesOut < known.bytesOut) return;
    // What was counted since the second before belongs to that one.
    const now = this.#options.now() - 1000;
    known.rates.note({ direction: 'in', bytes: bytesIn - known.bytesIn, seconds: undefined }, now);
    known.rates.note({ direction: 'out', bytes: bytesOut - known.bytesOut, seconds: undefined }, now);
  }
}

/** Where a device is, and why, for people. */
export function placeOf({ state, holder, location, decision, sharing }: ListedDevice): string {
  const at = location === null ? '' : `, as ${location}`;
  const lock = sharing === 'locked' ? ', locked' : '';
  switch (state) {
    case 'attached':
      return `At ${holder ?? 'nobody'}${at}${lock}`;
    case 'attaching':
      return `On its way to ${holder ?? 'somebody'}`;
    case 'asked':
      return 'A person is asked about it';
    case 'denied':
      return `Nobody may have it: ${decision?.reason ?? 'it was refused'}`;
    default:
      return 'Nobody has it';
  }
}

function isTraffic(value: unknown): value is { device: number; bytesIn: number; bytesOut: number } {
  if (typeof value !== 'object' || value === null) return false;
  return ['device', 'bytesIn', 'bytesOut'].every((name) => typeof Reflect.get(value, name) === 'number');
}
