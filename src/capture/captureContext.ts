import { DecodeError } from '../../codecs/core/errors.ts';
import type { DecodeContext } from '../../codecs/core/protocol.ts';
import { decodeServerMessage, type ServerMessage } from '../../codecs/urbdrc/decode.ts';
import type { CaptureLine } from './captureLine.ts';

/** Bytes before RequestId in completions, [MS-RDPEUSB] 2.2.7. */
const REQUEST_ID_OFFSET = 12;
const REQUEST_ID_BITS = 0x3fff_ffff;
/** Requests of a channel that are remembered. */
const MOST_REQUESTS = 65_536;

interface ChannelContext {
  requestCompletion: number | undefined;
  /** By RequestId, of which FreeRDP's answers have 30 bits (docs/interop.md). */
  readonly urbFunctions: Map<number, number>;
}

/** Facts from earlier lines of a capture that later ones need to be decoded. Give it every line, in order. */
export class CaptureContext {
  readonly #channels = new Map<string, ChannelContext>();

  /** Returns the context of `line`, and learns from it. */
  next(line: CaptureLine): DecodeContext {
    if (line.type === 'header' || line.channel === undefined) return {};
    const key = `${line.connection} ${line.channel}`;
    if (line.type === 'event') {
      if (line.event === 'create') this.#channels.delete(key);
      return {};
    }
    const channel = this.#channels.get(key) ?? {
      requestCompletion: undefined,
      urbFunctions: new Map<number, number>(),
    };
    this.#channels.set(key, channel);
    if (line.dir === 's2c') {
      learn(channel, line.bytes);
      return {};
    }
    const { requestCompletion } = channel;
    const urbFunction = channel.urbFunctions.get(requestIdOf(line.bytes));
    return { requestCompletion, urbFunction };
  }
}

function learn(channel: ChannelContext, bytes: Uint8Array): void {
  const message = readable(bytes);
  if (message === undefined) return;
  if (message.name === 'REGISTER_REQUEST_CALLBACK') channel.requestCompletion = message.requestCompletion;
  if (!('tsUrb' in message)) return;
  const { urbFunctions } = channel;
  const [oldest] = urbFunctions.keys();
  if (urbFunctions.size >= MOST_REQUESTS && oldest !== undefined) urbFunctions.delete(oldest);
  urbFunctions.set(message.tsUrb.requestId & REQUEST_ID_BITS, message.tsUrb.urbFunction);
}

function requestIdOf(bytes: Uint8Array): number {
  if (bytes.byteLength < REQUEST_ID_OFFSET + 4) return -1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(REQUEST_ID_OFFSET, true) & REQUEST_ID_BITS;
}

function readable(bytes: Uint8Array): ServerMessage | undefined {
  try {
    return decodeServerMessage(bytes, { lenient: true });
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
