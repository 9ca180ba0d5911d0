import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { Hello } from '../../codecs/usbredir/connection.ts';
import { hasCapability, specOf, UsbredirCapability, type UsbredirId } from '../../codecs/usbredir/header.ts';
import { encodeUsbredirPacket, type UsbredirPacket } from '../../codecs/usbredir/packet.ts';
import { nextState, type Transitions } from '../channels/machine.ts';
import { PacketReader } from './packetReader.ts';

/** What an end of a connection is: the usb-host has the device, the usb-guest uses it. */
export type UsbredirRole = 'host' | 'guest';

/** @see {@link UsbredirLink} */
export interface UsbredirLinkOptions {
  /** What this end is. */
  readonly role: UsbredirRole;
  /** Name and version of this program, for the log of the other end. At most 63 characters. */
  readonly version: string;
  /** Bits of {@link UsbredirCapability} that this end has. */
  readonly capabilities: number;
  /** Bytes behind the head of a packet that are accepted; a longer one is skipped. */
  readonly maximumLength: number;
}

/** A packet but the hello. */
export type LinkPacket = Exclude<UsbredirPacket, Hello>;

/** What comes out of the peer's bytes. */
export type LinkEvent =
  /** The hellos are exchanged. From now on packets may be sent. */
  | { readonly type: 'ready'; readonly version: string; readonly peerCapabilities: number }
  | { readonly type: 'packet'; readonly packet: LinkPacket }
  /** A packet that is none was skipped. A request in it is never answered. */
  | { readonly type: 'malformed'; readonly error: Error }
  /** The connection cannot go on. Nothing follows. */
  | { readonly type: 'failed'; readonly error: Error };

type State = 'awaitingHello' | 'open' | 'failed';
type Input = 'hello' | 'packet' | 'tooManyMalformed';

/** A second hello means nothing. */
export const LINK_TRANSITIONS = {
  awaitingHello: { hello: 'open' },
  open: { hello: 'open', packet: 'open', tooManyMalformed: 'failed' },
} as const satisfies Transitions<State, Input>;

/** Bad packets after which the other end is taken for something that does not speak usbredir. */
const MAXIMUM_MALFORMED = 100;

/**
 * One end of a usbredir connection, sans-I/O: the hellos, capabilities, and where packets begin and end. What they mean is
 * not its business.
 */
export class UsbredirLink {
  readonly #options: UsbredirLinkOptions;
  readonly #reader: PacketReader;
  #state: State = 'awaitingHello';
  #capabilities = 0;
  #malformed = 0;

  constructor(options: UsbredirLinkOptions) {
    this.#options = options;
    const from = options.role === 'host' ? 'client' : 'server';
    this.#reader = new PacketReader({ from, maximumLength: options.maximumLength });
  }

  /** The bits of {@link UsbredirCapability} that both ends have; 0 before the hellos. */
  get capabilities(): number {
    return this.#capabilities;
  }

  /** Whether both ends have it. */
  has(name: keyof typeof UsbredirCapability): boolean {
    return hasCapability(this.#capabilities, name);
  }

  /** The first packet, to be sent at once. Nothing else may be sent before `ready`: the peer could not find its end. */
  hello(): Parts {
    const { version, capabilities } = this.#options;
    return encodeUsbredirPacket({ name: 'usb_redir_hello', id: 0, version, capabilities: [capabilities] });
  }

  /** The id of a packet that answers none: 0, or its number within its stream. */
  numbered(id: number): UsbredirId {
    return this.has('64bits_ids') ? { id, idHigh: 0 } : { id };
  }

  /** The bytes of a packet; its payload is in them by reference. @throws UsageError for what its fields cannot hold */
  encode(packet: LinkPacket): Parts {
    return encodeUsbredirPacket(packet);
  }

  /**
   * What comes out of bytes of the peer, one after the other. Payloads may be views of the chunk, so it must not change
   * afterwards.
   */
  *receive(chunk: Uint8Array): Generator<LinkEvent, void> {
    for (const item of this.#reader.read(chunk)) {
      if (this.#state === 'failed') return;
      const event = item.type === 'packet' ? this.#received(item.packet) : this.#skipped(item.error);
      if (event !== undefined) yield event;
      if (event?.type === 'failed') return;
    }
  }

  #received(packet: UsbredirPacket): LinkEvent | undefined {
    const isHello = packet.name === 'usb_redir_hello';
    const state = nextState<State, Input>(LINK_TRANSITIONS, this.#state, isHello ? 'hello' : 'packet');
    if (state === undefined) {
      const problem = 'a connection begins with usb_redir_hello: the other end is no usbredir';
      return this.#failed(new ProtocolError(packet.name, this.#state, problem, specOf(packet.name)));
    }
    const wasOpen = this.#state === 'open';
    this.#state = state;
    if (packet.name !== 'usb_redir_hello') return { type: 'packet', packet };
    if (wasOpen) return undefined;
    const peerCapabilities = legal(packet.capabilities[0] ?? 0);
    this.#capabilities = peerCapabilities & legal(this.#options.capabilities);
    this.#reader.capabilities = this.#capabilities;
    return { type: 'ready', version: packet.version, peerCapabilities };
  }

  #skipped(error: Error): LinkEvent {
    if (this.#state === 'awaitingHello') return this.#failed(error);
    this.#malformed += 1;
    if (this.#malformed < MAXIMUM_MALFORMED) return { type: 'malformed', error };
    const why = error instanceof DecodeError ? error.message : 'bad packets';
    const problem = `${this.#malformed} packets were malformed, the last one: ${why}`;
    return this.#failed(new ProtocolError('usb_redir_header', this.#state, problem, specOf('usb_redir_header')));
  }

  #failed(error: Error): LinkEvent {
    this.#state = 'failed';
    return { type: 'failed', error };
  }
}

/** Streams are legal only together with packet sizes. */
function legal(capabilities: number): number {
  return hasCapability(capabilities, 'ep_info_max_packet_size')
    ? capabilities
    : capabilities & ~UsbredirCapability.bulk_streams;
}
