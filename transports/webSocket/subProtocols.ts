import { UsageError } from '../../codecs/core/errors.ts';
import { MAXIMUM_FRAME_SIZE, MINIMUM_FRAME_SIZE } from '../tpkt.ts';

/**
 * How frames go into messages of a WebSocket, docs/transports.md: `urbdrc.v1` a frame a message; `binary` a stream of TPKT
 * packets, cut anywhere, as bridges to TCP do; `base64` the same in text, for bridges that know no binary messages.
 */
export type SubProtocol = 'urbdrc.v1' | 'binary' | 'base64';

/** What an end offers or takes where nothing else is asked for, the best first. */
export const USUAL_SUB_PROTOCOLS: readonly SubProtocol[] = ['urbdrc.v1', 'binary'];

const ALL: readonly SubProtocol[] = [...USUAL_SUB_PROTOCOLS, 'base64'];

/** Bytes of the largest message that is taken, base64 included. A frame has at most 65531, a bridge reads 64 KiB at a time. */
export const MAXIMUM_MESSAGE = 128 * 1024;

/** The sub-protocol of that name, if there is one. */
export function asSubProtocol(name: string): SubProtocol | undefined {
  return ALL.find((known) => known === name);
}

/** The first of those that are offered which is allowed. */
export function chooseSubProtocol(
  offered: Iterable<string>,
  allowed: readonly SubProtocol[] = USUAL_SUB_PROTOCOLS,
): SubProtocol | undefined {
  for (const name of offered) {
    const known = asSubProtocol(name);
    if (known !== undefined && allowed.includes(known)) return known;
  }
  return undefined;
}

/** @throws UsageError when none is left, or one is not known */
export function checkSubProtocols(names: readonly string[] = USUAL_SUB_PROTOCOLS): readonly SubProtocol[] {
  if (names.length === 0) throw new UsageError(`give at least one sub-protocol: ${ALL.join(', ')}`);
  return names.map((name) => {
    const known = asSubProtocol(name);
    if (known === undefined) throw new UsageError(`there is no sub-protocol ${name}: use ${ALL.join(', ')}`);
    return known;
  });
}

/** Bytes of a message in which TPKT packets go. */
const PIECE = 48 * 1024;

/** A stream of TPKT packets, cut into messages. */
export function piecesOf(packets: Uint8Array): Uint8Array[] {
  const count = Math.ceil(packets.byteLength / PIECE);
  return Array.from({ length: count }, (_, index) => packets.subarray(index * PIECE, (index + 1) * PIECE));
}

/** What is wrong with a message of so many bytes where each is a frame, if anything is. */
export function problemOfSize(size: number): string | undefined {
  if (size >= MINIMUM_FRAME_SIZE && size <= MAXIMUM_FRAME_SIZE) return undefined;
  return `a message has ${size} bytes, a frame has ${MINIMUM_FRAME_SIZE} to ${MAXIMUM_FRAME_SIZE}`;
}
