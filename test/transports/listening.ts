import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transport } from '../../src/ports/transport.ts';
import { dial, type DialOptions } from '../../transports/dial.ts';
import { listen, type Listener, type ListenOptions } from '../../transports/listen.ts';
import type { Connection } from './contract.ts';

/** A listener and what came to it. */
export interface Listening {
  readonly listener: Listener;
  readonly refusals: string[];
  /** The next connection that was not taken yet. */
  accepted(): Promise<Transport>;
  /** The next refusal that was not taken yet, in its one line. */
  refused(): Promise<string>;
}

export async function startListening(url: string, options: ListenOptions = {}): Promise<Listening> {
  const accepted = queue<Transport>();
  const refused = queue<string>();
  const refusals: string[] = [];
  const listener = await listen(url, options, accepted.put, (error) => {
    refusals.push(error.message);
    refused.put(error.message);
  });
  return { listener, refusals, accepted: accepted.take, refused: refused.take };
}

/** A dialer and a listener that are connected. */
export async function connectThrough(
  url: string,
  listenOptions: ListenOptions = {},
  dialOptions: (listener: Listener) => DialOptions = () => ({}),
): Promise<Connection> {
  const listening = await startListening(url, listenOptions);
  const [left, right] = await Promise.all([
    dial(listening.listener.url, dialOptions(listening.listener)),
    listening.accepted(),
  ]);
  return { left, right, release: () => listening.listener.close() };
}

/** A new folder, and how to remove it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'urbdrc-'));
  return { path, remove: () => rm(path, { recursive: true }) };
}

/** The message of the error that a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('did not fail');
}

function queue<T>(): { put: (value: T) => void; take: () => Promise<T> } {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    put(value) {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker(value);
    },
    take() {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(value);
    },
  };
}
