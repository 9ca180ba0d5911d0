import { readFileSync } from 'node:fs';
import { DecodeError } from '../codecs/core/errors.ts';
import { fromHex } from '../codecs/core/json.ts';
import { byteLength } from '../codecs/core/parts.ts';
import type { Step } from '../src/channels/machine.ts';
import { RdpDeframer } from '../src/rdp/rdpDeframer.ts';
import { type RdpEvent, RdpServerConnection } from '../src/rdp/rdpServerConnection.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { Violation } from './sessions.ts';

const CAPTURE = new URL('../test-vectors/captures/freerdp-2.11.7-storage.rdp.jsonl', import.meta.url);
const TPKT_HEADER_SIZE = 4;
/** Of all answers to one packet, bytes: the largest is the answer to Connect-Initial. */
const LARGEST_ANSWER = 4096;

/** What a real client sent until its channels stood. */
const PACKETS: readonly Uint8Array[] = readFileSync(CAPTURE, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly dir?: string; readonly hex?: string })
  .flatMap(({ dir, hex = '' }) => (dir === 'c2s' ? [Uint8Array.from(fromHex(hex))] : []))
  .concat(
    // And when its window was hidden and shown again; the last asks for two areas.
    [
      '0300002502f08064006303eb708016 160017004c04ea0301000001040023000000 00000000',
      '0300002d02f08064006303eb70801e 1e0017004c04ea03010000010c0023000000 010000000000000020035802',
      '0300003502f08064006303eb708026 260017004c04ea0301000001140021000000 02000000000000001f0357020a0014000a001400',
    ].map((hex) => Uint8Array.from(fromHex(hex))),
  );

/**
 * An RDP connection to our server, from the connection request on, whose client sends what a real one sent, now and then
 * changed, left out or twice, in pieces of any size. Returns whether its channels stood.
 * @throws Violation, or what the connection throws
 */
export function runRdpClient(random: Random): boolean {
  const connection = new RdpServerConnection();
  const deframer = new RdpDeframer(random.oneIn(2) ? 8192 : undefined);
  const rarity = random.pick([4, 12, 40]);
  let isEstablished = false;
  const apply = (step: Step<RdpEvent>): boolean => {
    const answered = step.outgoing.reduce((sum, packet) => sum + byteLength(packet), 0);
    if (answered > LARGEST_ANSWER) throw new Violation(`${answered} bytes answer one packet`);
    return step.events.every((event) => {
      switch (event.type) {
        case 'tlsRequired':
          connection.secured();
          return true;
        case 'credentials':
          return apply(connection.admit(!random.oneIn(10)));
        case 'established':
          isEstablished = true;
          return true;
        case 'channelData':
        case 'repaint':
          return true;
        case 'finished':
          return false;
      }
    });
  };
  for (const packet of PACKETS) {
    for (let times = random.oneIn(50) ? random.below(3) : 1; times > 0; times -= 1) {
      if (!deliver(random, deframer, changed(random, packet, rarity), (each) => apply(connection.received(each)))) {
        return isEstablished;
      }
    }
  }
  return isEstablished;
}

function changed(random: Random, packet: Uint8Array, rarity: number): Uint8Array {
  if (!random.oneIn(rarity)) return packet;
  const other = random.pick(PACKETS);
  if (random.oneIn(10)) return mutate(random, packet, other);
  const body = mutate(random, packet.subarray(TPKT_HEADER_SIZE), other).subarray(0, 0xf000);
  const length = TPKT_HEADER_SIZE + body.byteLength;
  return Uint8Array.from([3, 0, length >> 8, length & 0xff, ...body]);
}

/** False when the connection is over. */
function deliver(
  random: Random,
  deframer: RdpDeframer,
  bytes: Uint8Array,
  receive: (packet: NonNullable<ReturnType<RdpDeframer['next']>>) => boolean,
): boolean {
  for (let at = 0; at < bytes.byteLength;) {
    const end = random.oneIn(4) ? at + 1 + random.below(8) : bytes.byteLength;
    try {
      deframer.push(Uint8Array.from(bytes.subarray(at, end)));
      for (let packet = deframer.next(); packet !== undefined; packet = deframer.next()) {
        if (!receive(packet)) return false;
      }
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
    at = end;
  }
  return true;
}
