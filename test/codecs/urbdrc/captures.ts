import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../../codecs/core/json.ts';

/** One line of test-vectors/captures/*.jsonl that carries a message. */
export interface CapturedMessage {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly from: 'client' | 'server';
  /** Id of the dynamic channel. */
  readonly channel: number;
  readonly bytes: Uint8Array;
}

export interface Capture {
  /** File name without `freerdp-2.11.7-` and `.jsonl`. */
  readonly scenario: string;
  readonly messages: readonly CapturedMessage[];
}

const ROOT = fileURLToPath(new URL('../../../test-vectors/captures/', import.meta.url));
const PREFIX = 'freerdp-2.11.7-';

/** The URBDRC messages of every scenario, in the order in which they were sent. */
export function loadCaptures(): Capture[] {
  return readdirSync(ROOT)
    .filter((file) => file.endsWith('.jsonl') && !/\.(drdynvc|rdp)\.jsonl$/.test(file))
    .sort()
    .map((file) => ({ scenario: file.slice(PREFIX.length, -'.jsonl'.length), messages: readMessages(file) }));
}

function readMessages(file: string): CapturedMessage[] {
  return readFileSync(ROOT + file, 'utf8')
    .trim()
    .split('\n')
    .flatMap((text, index) => {
      const entry = JSON.parse(text) as { dir?: 's2c' | 'c2s'; channel?: number; hex?: string };
      if (entry.hex === undefined || entry.channel === undefined) return [];
      const from = entry.dir === 'c2s' ? 'client' : 'server';
      return [{ line: index + 1, from, channel: entry.channel, bytes: fromHex(entry.hex) }];
    });
}
