import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '../codecs/core/json.ts';
import type { Seed } from './corpus.ts';
import { decodeAs } from './decoders.ts';
import { Engine, nextTurn } from './engines.ts';
import { Random } from './random.ts';
import { ClientSessions, ServerSessions } from './sessions.ts';

/** Messages that a peer sends one after the other on a new connection. */
export type Sequence = readonly Seed[];

/**
 * Gives the messages to the decoders, to new sessions of both roles and to new engines of both roles. Depends on nothing
 * but the messages.
 * @throws what any of them throws
 */
export async function runSequence(sequence: Sequence): Promise<void> {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  process.on('unhandledRejection', note);
  try {
    await run(sequence);
    // A rejection is told of at the end of a turn.
    await nextTurn();
  } finally {
    process.off('unhandledRejection', note);
  }
  if (rejections.length > 0) throw rejections[0];
}

async function run(sequence: Sequence): Promise<void> {
  const random = new Random(1);
  const sessions = [new ClientSessions(), new ServerSessions()];
  const engines = [new Engine('client'), new Engine('server')];
  for (const engine of engines) await engine.open();
  sequence.forEach(({ layer, bytes }, index) => {
    decodeAs(layer, bytes, index);
    for (const session of sessions) session.feed(bytes, random);
    for (const engine of engines) if (!engine.isOver) engine.feed(layer, bytes, random);
  });
  for (const engine of engines) await engine.close();
}

interface SequenceFile {
  /** What went wrong, or what is special about it. */
  readonly name: string;
  readonly messages: readonly { readonly layer: Seed['layer']; readonly from?: Seed['from']; readonly hex: string }[];
}

const REGRESSIONS = fileURLToPath(new URL('../test-vectors/regressions/', import.meta.url));

/** What earlier runs found: test-vectors/regressions. */
export function loadSequences(): { readonly file: string; readonly name: string; readonly sequence: Sequence }[] {
  return readdirSync(REGRESSIONS)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...readSequence(REGRESSIONS + file) }));
}

/** Reads what {@link writeSequence} wrote. */
export function readSequence(path: string): { readonly name: string; readonly sequence: Sequence } {
  const { name, messages } = JSON.parse(readFileSync(path, 'utf8')) as SequenceFile;
  return { name, sequence: messages.map(({ layer, from, hex }) => ({ layer, from, bytes: fromHex(hex) })) };
}

export function writeSequence(path: string, name: string, sequence: Sequence): void {
  const messages = sequence.map(({ layer, bytes }) => ({ layer, hex: toHex(bytes) }));
  writeFileSync(path, `${JSON.stringify({ name, messages }, undefined, 2)}\n`);
}

/** The messages of `sequence` without which it no longer fails. */
export async function minimise(sequence: Sequence): Promise<Sequence> {
  let kept = sequence;
  for (let at = sequence.length - 1; at >= 0; at -= 1) {
    const without = kept.filter((_, index) => index !== at);
    if (await fails(without)) kept = without;
  }
  return kept;
}

async function fails(sequence: Sequence): Promise<boolean> {
  try {
    await runSequence(sequence);
    return false;
  } catch {
    return true;
  }
}
