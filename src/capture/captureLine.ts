import { UsageError } from '../../codecs/core/errors.ts';
import { fromHex } from '../../codecs/core/json.ts';

/** First line of a connection's part of a capture. */
export interface CaptureHeader {
  readonly type: 'header';
  /** From 1; lines that do not say belong to the first. */
  readonly connection: number;
  /** The other end: an address, or a program's name. */
  readonly peer: string;
  /** The end that recorded. Undefined in captures of other programs. */
  readonly role: 'client' | 'server' | undefined;
  /** The program that recorded: name and version. */
  readonly program: string | undefined;
  /** When `t` was 0, ISO 8601. */
  readonly started: string | undefined;
}

/** From client to server, or from server to client. */
export type Direction = 'c2s' | 's2c';

/** Fields of every line but the first. */
interface Timed {
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Milliseconds since the connection's start. */
  readonly t: number;
}

/** One whole message of a dynamic channel. */
export interface CapturedMessage extends Timed {
  readonly type: 'message';
  /** Who sent it. */
  readonly dir: Direction;
  /** Id of the dynamic channel. */
  readonly channel: number;
  /** The whole message. */
  readonly bytes: Uint8Array;
}

/** A dynamic channel comes or goes, or something else that is worth a line. */
export interface CapturedEvent extends Timed {
  readonly type: 'event';
  /** `create`, `created`, `close` of a channel; `end` of the connection; readers pass over others, such as `mark`. */
  readonly event: string;
  /** Who sent it; undefined for what nobody sent. */
  readonly dir: Direction | undefined;
  /** Id of the dynamic channel; undefined for what concerns none. */
  readonly channel: number | undefined;
  /** Of a `created`: negative refuses. */
  readonly status: number | undefined;
}

export type CaptureLine = CaptureHeader | CapturedMessage | CapturedEvent;

/** One line of a capture. @throws UsageError that says what is wrong with it, without its number */
export function parseCaptureLine(text: string): CaptureLine {
  const line = parseObject(text);
  const connection = optional(line, 'connection', 'number') ?? 1;
  if ('peer' in line) {
    const role = optional(line, 'role', 'string');
    if (role !== undefined && role !== 'client' && role !== 'server') throw wrong('role', '"client" or "server"', role);
    const program = optional(line, 'program', 'string');
    const started = optional(line, 'started', 'string');
    return { type: 'header', connection, peer: required(line, 'peer', 'string'), role, program, started };
  }
  const t = required(line, 't', 'number');
  const dir = optional(line, 'dir', 'string');
  if (dir !== undefined && dir !== 'c2s' && dir !== 's2c') throw wrong('dir', '"c2s" or "s2c"', dir);
  const channel = optional(line, 'channel', 'number');
  const event = optional(line, 'event', 'string');
  if (event !== undefined) {
    return { type: 'event', connection, t, event, dir, channel, status: optional(line, 'status', 'number') };
  }
  const bytes = fromHex(required(line, 'hex', 'string'));
  if (dir === undefined) throw wrong('dir', '"c2s" or "s2c"', dir);
  if (channel === undefined) throw wrong('channel', 'a number', channel);
  return { type: 'message', connection, t, dir, channel, bytes };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      code: 'INVALID_FILE',
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new UsageError('not a JSON object', { code: 'INVALID_FILE' });
  return { ...parsed };
}

interface JsonTypes {
  readonly string: string;
  readonly number: number;
}

function optional<T extends keyof JsonTypes>(
  line: Readonly<Record<string, unknown>>,
  key: string,
  type: T,
): JsonTypes[T] | undefined {
  const value = line[key];
  if (value === undefined) return undefined;
  if (!isOf(value, type)) throw wrong(key, `a ${type}`, value);
  return value;
}

function required<T extends keyof JsonTypes>(
  line: Readonly<Record<string, unknown>>,
  key: string,
  type: T,
): JsonTypes[T] {
  const value = optional(line, key, type);
  if (value === undefined) throw wrong(key, `a ${type}`, value);
  return value;
}

function isOf<T extends keyof JsonTypes>(value: unknown, type: T): value is JsonTypes[T] {
  return typeof value === type;
}

function wrong(key: string, wanted: string, value: unknown): UsageError {
  return new UsageError(
    value === undefined ? `"${key}" is missing` : `"${key}": ${JSON.stringify(value)} is not ${wanted}`,
    { code: 'INVALID_FILE' },
  );
}
