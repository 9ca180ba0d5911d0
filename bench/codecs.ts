import { joinParts } from '../codecs/core/parts.ts';
import { consume, measure, type Case, type Measurement } from './measure.ts';
import { MESSAGES, type MessageCase } from './messages.ts';

export interface CodecResult {
  readonly name: string;
  readonly decode: Measurement;
  readonly decodeByHand: Measurement;
  readonly encode: Measurement;
  readonly encodeByHand: Measurement;
}

/** Decoding and encoding, per message, and the same by hand with a DataView. Payloads are not copied by either. */
export async function benchCodecs(): Promise<CodecResult[]> {
  const results: CodecResult[] = [];
  for (const message of MESSAGES) {
    checkByHand(message);
    const [decodeByHand, decode] = await measure([
      repeat('by hand', message.decodeByHand, true),
      repeat('codec', message.decode),
    ]);
    const [encodeByHand, encode] = await measure([
      repeat('by hand', message.encodeByHand, true),
      repeat('codec', message.encode),
    ]);
    if (!decode || !decodeByHand || !encode || !encodeByHand) throw new Error('nothing was measured');
    results.push({ name: message.name, decode, decodeByHand, encode, encodeByHand });
  }
  return results;
}

function repeat(name: string, action: () => unknown, baseline = false): Case {
  return {
    name,
    baseline,
    run(count) {
      for (let index = 0; index < count; index += 1) consume(action());
    },
  };
}

/** A comparison with something that does other work would say nothing. */
function checkByHand({ name, bytes, encodeByHand }: MessageCase): void {
  if (Buffer.compare(joinParts(encodeByHand()), bytes) !== 0) throw new Error(`${name}: written by hand it differs`);
}
