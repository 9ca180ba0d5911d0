import { UsbredirCapability } from '../../codecs/usbredir/header.ts';
import { type LinkEvent, type LinkPacket, UsbredirLink, type UsbredirRole } from './usbredirLink.ts';

/** What both ends have: all but bulk streams, which the device port lacks, and bulk receiving. */
const CAPABILITIES =
  UsbredirCapability.connect_device_version |
  UsbredirCapability.filter |
  UsbredirCapability.device_disconnect_ack |
  UsbredirCapability.ep_info_max_packet_size |
  UsbredirCapability['64bits_ids'] |
  UsbredirCapability['32bits_bulk_length'];
/** Bytes behind the head of a packet: a transfer, and some for its type header. */
const MAXIMUM_LENGTH = 16 * 1024 * 1024 + 1024;

/** What a connection has to be: a socket of Node, for one, or a duplex stream of bytes. */
export interface ConnectedStream {
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  /** Bytes that are still to be sent. */
  readonly writableLength: number;
  setNoDelay?(noDelay?: boolean): unknown;
  cork(): void;
  uncork(): void;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  destroy(): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end' | 'drain' | 'close', listener: () => void): unknown;
}

/** @see {@link LinkSocket} */
export interface LinkSocketOptions {
  /** What this end is. */
  readonly role: UsbredirRole;
  /** Name and version of this program, for the log of the other end. */
  readonly version: string;
  /** Bits of {@link UsbredirCapability} beside those that both ends have. */
  readonly capabilities?: number;
  /** Bytes that the other end has not taken; beyond, no more of its packets are read. Default: they are always read. */
  readonly backlog?: number;
  /** What comes of the other end, one after the other, as long as the connection is not over. */
  readonly happened: (event: LinkEvent) => void;
  /** The other end has taken everything. */
  readonly drained?: () => void;
  /** The connection is no more. */
  readonly closed: (error: Error | undefined) => void;
}

/** A connection of usbredir over a socket, which belongs to it from the start. It says hello at once. */
export class LinkSocket {
  readonly link: UsbredirLink;
  readonly #socket: ConnectedStream;
  #error: Error | undefined;
  #isCorked = false;

  constructor(socket: ConnectedStream, options: LinkSocketOptions) {
    const { role, version, capabilities = 0, backlog = Infinity, happened, drained, closed } = options;
    this.#socket = socket;
    this.link = new UsbredirLink({
      role,
      version,
      capabilities: CAPABILITIES | capabilities,
      maximumLength: MAXIMUM_LENGTH,
    });
    socket.setNoDelay?.(true);
    socket.on('close', () => closed(this.#error));
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('end', () => socket.destroy());
    socket.on('drain', () => {
      socket.resume();
      drained?.();
    });
    socket.on('data', (chunk) => {
      for (const event of this.link.receive(chunk)) {
        // Nothing that comes behind its end counts.
        if (this.isOver) return;
        happened(event);
      }
      if (socket.writableLength > backlog) socket.pause();
    });
    this.#write(this.link.hello());
  }

  /** What has ended it, where that was an error. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether it is over or about to be. */
  get isOver(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  /** Bytes that the other end has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Sends a packet; its payload must not change any more. */
  send(packet: LinkPacket): void {
    this.#write(this.link.encode(packet));
  }

  /** Ends it because of an error of the other end. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Ends it when the other end has taken what was sent. */
  end(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #write(parts: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (this.isOver) return;
    // Packets of one turn of the event loop go out in one write.
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      void Promise.resolve().then(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    for (const part of parts) socket.write(part);
  }
}
