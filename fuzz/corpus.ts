import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../codecs/core/json.ts';
import { PROTOCOLS } from '../codecs/protocols.ts';
import { readCapture } from '../src/capture/readCapture.ts';
import { LONGEST_INPUT } from './mutate.ts';

/** Name of the protocol that an input is meant for; it is given to others too. */
export type Layer = string;

/** Something that was really sent, or that a specification shows. */
export interface Seed {
  readonly layer: Layer;
  readonly from: 'client' | 'server' | undefined;
  readonly bytes: Uint8Array;
}

const ROOT = fileURLToPath(new URL('../test-vectors/', import.meta.url));
const LAYERS: readonly Layer[] = PROTOCOLS.map(({ name }) => name);

/** Every vector and every captured message, each once, in the same order on every machine. */
export function loadCorpus(): Seed[] {
  const seeds = new Map<string, Seed>();
  for (const seed of [...LAYERS.flatMap(vectorsOf), ...capturedMessages()]) {
    if (seed.bytes.byteLength <= LONGEST_INPUT) {
      seeds.set(`${seed.layer} ${seed.from ?? ''} ${Buffer.from(seed.bytes).toString('latin1')}`, seed);
    }
  }
  return [...seeds.values()];
}

function vectorsOf(layer: Layer): Seed[] {
  if (!existsSync(ROOT + layer)) return [];
  return readdirSync(ROOT + layer, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .map((path) => {
      const vector = JSON.parse(readFileSync(`${ROOT}${layer}/${path}`, 'utf8')) as {
        readonly from?: 'client' | 'server';
        readonly hex: string;
      };
      return { layer, from: vector.from, bytes: fromHex(vector.hex) };
    });
}

function capturedMessages(): Seed[] {
  return readdirSync(`${ROOT}captures`)
    .filter((file) => file.endsWith('.jsonl') && !/\.(drdynvc|rdp)\.jsonl$/.test(file))
    .sort()
    .flatMap((file) => readCapture(readFileSync(`${ROOT}captures/${file}`, 'utf8').split('\n')))
    .flatMap(({ records }) => records)
    .flatMap((record) =>
      record.type === 'message'
        ? {
            layer: 'urbdrc' as const,
            from: record.dir === 'c2s' ? ('client' as const) : ('server' as const),
            bytes: record.bytes,
          }
        : [],
    );
}
