/** What is said over the control socket of a running program: one JSON object a line, each way. docs/running.md has it. */

/** What a person may ask of a running program. Sessions and devices go by the ids of its list. */
export type ControlRequest =
  | { readonly do: 'list' }
  /** As `list`, again at every change until the connection ends. `traffic`: and the bytes of the devices, every second. */
  | { readonly do: 'watch'; readonly traffic?: true }
  /** Ends a session: its devices leave, then its connection is closed. */
  | { readonly do: 'end'; readonly session: number }
  /** Takes a device from everybody: its source takes it back. */
  | { readonly do: 'drop'; readonly device: number }
  /** Gives a device to the session that can have it. */
  | { readonly do: 'give'; readonly device: number; readonly session: number }
  /** Claims a device for a session, as the rules have it; `wait` is how long it stands in the queue, seconds. */
  | { readonly do: 'take'; readonly device: number; readonly session: number; readonly wait?: number }
  /** Refuses every claim to a device, or does so no more. */
  | { readonly do: 'lock' | 'unlock'; readonly device: number }
  /** Takes a device from its holder. */
  | { readonly do: 'release'; readonly device: number }
  /** Gives keyboards and mice that are used by turns to this machine, or to the other end. */
  | { readonly do: 'focus'; readonly to: 'local' | 'remote' };

/** A session in the list. */
export interface ListedSession {
  /** Of the hub's session. */
  readonly id: number;
  /** Those of one name share. */
  readonly name: string;
  /** User and address. */
  readonly who: string;
  /** `exclusive`: no other session of this name may be there. */
  readonly access: 'shared' | 'exclusive';
  /** Where it stands: `opening`, `live` or `ending`. */
  readonly state: string;
  /** Seconds since it was opened. */
  readonly age: number;
  /** Ids of the devices that it offers, and of those that it has. */
  readonly devices: readonly number[];
}

/** A device in the list. */
export interface ListedDevice {
  /** Of the hub's device. */
  readonly id: number;
  /** `46f4:0001` */
  readonly device: string;
  /** Bus and chain of ports where it is plugged in. */
  readonly port: string;
  /** Its string, where it has one. */
  readonly manufacturer: string | null;
  /** Its string, where it has one. */
  readonly product: string | null;
  /** Its string, where it has one. */
  readonly serial: string | null;
  /** Where it comes from: a client, or this machine. */
  readonly source: string;
  /** `asked`, `denied`, `free`, `attaching` or `attached`. */
  readonly state: string;
  /** What the policy, or a person, decided, and by which rule; null while a person is asked. */
  readonly decision: { readonly action: string; readonly rule: string | null; readonly reason: string } | null;
  /** Whose it is: `free`, `held`, `asked`, `leaving` or `locked`. */
  readonly sharing: string;
  /** Who has it. */
  readonly holder: string | null;
  /** Seconds since the holder has it. */
  readonly age: number | null;
  /** In the sink's words, such as the kernel's `3-1`. */
  readonly location: string | null;
  /** Who waits for it, the next one first. */
  readonly waiting: readonly string[];
}

/** Bytes of a device since it was attached. */
export interface ListedTraffic {
  /** Of the hub's device. */
  readonly device: number;
  /** From the device. */
  readonly bytesIn: number;
  /** To the device. */
  readonly bytesOut: number;
}

/** Everything that is where. */
export interface ControlList {
  /** The command. */
  readonly program: 'serve' | 'redirect';
  /** Its process. */
  readonly pid: number;
  /** In the order in which they came. */
  readonly sessions: readonly ListedSession[];
  /** In the order in which they came. */
  readonly devices: readonly ListedDevice[];
}

/** One line of the running program. */
export type ControlAnswer =
  | { readonly ok: true; readonly list?: ControlList }
  | { readonly ok: true; readonly traffic: readonly ListedTraffic[] }
  /** A claim waits: 1 is the next. */
  | { readonly ok: true; readonly place: number }
  /** One line for people, and a code of docs/errors.md where there is one. */
  | { readonly ok: false; readonly error: string; readonly code: string | null };

/** Seconds that a claim may wait: a day. */
export const LONGEST_WAIT = 86_400;
/** Bytes of the longest request. */
export const LONGEST_REQUEST = 4096;
/** Bytes of the longest answer: some thousand devices. */
export const LONGEST_ANSWER = 16 * 1024 * 1024;

/** Why a control socket cannot be used. Listed for users in docs/errors.md. */
export type ControlErrorCode = 'NOT_RUNNING' | 'PROGRAM_GONE' | 'REQUEST_REFUSED' | 'UNSAFE_PLACE';

/** Something about a control socket that did not work. The message is one line. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  /** Stable, for programs. */
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A request that is none, in one line. */
export class NotARequest {
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }
}

/** Reads one line of somebody who wants something of this program. */
export function readRequest(line: string): ControlRequest | NotARequest {
  const value = parsed(line);
  if (value === undefined) return new NotARequest('this is no JSON object');
  const { do: action, session, device, to, wait, traffic } = value;
  switch (action) {
    case 'list':
      return { do: action };
    case 'watch':
      return traffic === true ? { do: action, traffic } : { do: action };
    case 'end':
      return isId(session) ? { do: action, session } : missing(action, 'session');
    case 'drop':
    case 'release':
    case 'lock':
    case 'unlock':
      return isId(device) ? { do: action, device } : missing(action, 'device');
    case 'give':
      if (!isId(device)) return missing(action, 'device');
      return isId(session) ? { do: action, device, session } : missing(action, 'session');
    case 'take':
      if (!isId(device)) return missing(action, 'device');
      if (!isId(session)) return missing(action, 'session');
      if (wait === undefined) return { do: action, device, session };
      return isId(wait) && wait <= LONGEST_WAIT
        ? { do: action, device, session, wait }
        : new NotARequest(`take has "wait", whole seconds, 1 to ${LONGEST_WAIT}`);
    case 'focus':
      return to === 'local' || to === 'remote'
        ? { do: action, to }
        : new NotARequest('focus needs "to", local or remote');
    default:
      return new NotARequest('"do" is list, watch, end, drop, give, take, release, lock, unlock or focus');
  }
}

function missing(action: string, key: string): NotARequest {
  return new NotARequest(`${action} needs "${key}", a number of the list`);
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** Whether this is a list. What is in it is believed: the program that tells it is trusted. */
export function isControlList(value: unknown): value is ControlList {
  if (typeof value !== 'object' || value === null) return false;
  return 'sessions' in value && Array.isArray(value.sessions) && 'devices' in value && Array.isArray(value.devices);
}

/** A JSON object, or undefined. */
export function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream into lines of UTF-8, and holds no more than one of `longest` bytes. */
export class Lines {
  readonly #longest: number;
  #parts: Uint8Array[] = [];
  #held = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that are whole now; undefined when one is too long, which ends the stream. */
  push(chunk: Uint8Array): string[] | undefined {
    const lines: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      if (this.#held + end > this.#longest) return undefined;
      lines.push(new TextDecoder().decode(join([...this.#parts, rest.subarray(0, end)])));
      [this.#parts, this.#held] = [[], 0];
      rest = rest.subarray(end + 1);
    }
    this.#held += rest.byteLength;
    if (this.#held > this.#longest) return undefined;
    if (rest.byteLength > 0) this.#parts.push(rest);
    return lines;
  }
}

const NEWLINE = 0x0a;

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((size, { byteLength }) => size + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
