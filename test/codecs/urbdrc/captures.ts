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
  /** As docs/interop.md cites it: {@link scenarioOf} its file. */
  readonly scenario: string;
  readonly messages: readonly CapturedMessage[];
}

const ROOT = fileURLToPath(new URL('../../../test-vectors/captures/', import.meta.url));

/** The captures of whole sessions, as paths. */
export function captureFiles(): string[] {
  return readdirSync(ROOT)
    .filter((file) => file.endsWith('.jsonl') && !/\.(drdynvc|rdp)\.jsonl$/.test(file))
    .sort()
    .map((file) => ROOT + file);
}

/** `audio` for FreeRDP 2.11.7, `3.33.1-serveRead` for another FreeRDP, `ironrdp-client-strict` for another program. */
export function scenarioOf(path: string): string {
  const [, name = path] = /([^/\\]*)\.jsonl$/.exec(path) ?? [];
  return name.replace(/^freerdp-(2\.11\.7-)?/, '');
}

/** Whether the client in a session was FreeRDP 2.11.7. */
export function isOfFreerdp2(scenario: string): boolean {
  return !/^(\d|ironrdp)/.test(scenario);
}

/** The URBDRC messages of every scenario, in the order in which they were sent. */
export function loadCaptures(): Capture[] {
  return captureFiles().map((path) => ({ scenario: scenarioOf(path), messages: readMessages(path) }));
}

function readMessages(path: string): CapturedMessage[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .flatMap((text, index) => {
      const entry = JSON.parse(text) as { dir?: 's2c' | 'c2s'; channel?: number; hex?: string };
      if (entry.hex === undefined || entry.channel === undefined) return [];
      const from = entry.dir === 'c2s' ? 'client' : 'server';
      return [{ line: index + 1, from, channel: entry.channel, bytes: fromHex(entry.hex) }];
    });
}
