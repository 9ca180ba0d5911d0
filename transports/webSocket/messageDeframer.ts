import { TpktDeframer } from '../tpkt.ts';
import type { SubProtocol } from './subProtocols.ts';

/** The frames of a WebSocket with sub-protocol `urbdrc.v1`, whose messages are frames already. */
export class MessageDeframer {
  /** A message is whole. */
  readonly isInsideFrame = false;
  readonly #frames: Uint8Array[] = [];

  push(message: Uint8Array): void {
    this.#frames.push(message);
  }

  next(): Uint8Array | undefined {
    return this.#frames.shift();
  }
}

/** What cuts the messages of a sub-protocol into frames. */
export function newDeframer(subProtocol: SubProtocol): TpktDeframer | MessageDeframer {
  return subProtocol === 'urbdrc.v1' ? new MessageDeframer() : new TpktDeframer();
}
