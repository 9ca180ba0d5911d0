import type { Socket } from 'node:net';
import type { DeviceConnect } from '../../../codecs/usbredir/connection.ts';
import { UsbredirCapability, type UsbredirId } from '../../../codecs/usbredir/header.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { type LinkEvent, type LinkPacket, UsbredirLink } from '../../usbredir/usbredirLink.ts';

/** All but bulk streams: the device port has none. Bulk receiving is for guests that let a driver wait too long. */
const CAPABILITIES =
  UsbredirCapability.connect_device_version |
  UsbredirCapability.filter |
  UsbredirCapability.device_disconnect_ack |
  UsbredirCapability.ep_info_max_packet_size |
  UsbredirCapability['64bits_ids'] |
  UsbredirCapability['32bits_bulk_length'];
/** Bytes behind the head of a packet: a transfer, and some for its type header. */
const MAXIMUM_LENGTH = 16 * 1024 * 1024 + 1024;
const LARGEST_ID = 0xffffffff;
/** Milliseconds of silence after which the system asks the host's machine whether it is still there. */
const KEEP_ALIVE = 30_000;

/** Hears what the host sends. */
export interface HostListener {
  /** An answer to a request, or a packet that nobody asked for (its id is 0 or counts its stream). */
  received(packet: LinkPacket): void;
  /** The device or the connection is no more. */
  lost(error: Error | undefined): void;
}

/** A connection to a usb-host, such as `usbredirect`, which has one device: this end is the usb-guest. */
export class HostLink {
  /** Resolves when the host has a device. @throws DeviceError when the connection is over before */
  readonly device: Promise<DeviceConnect>;
  /** Resolves, never rejects, when the device or the connection is gone. */
  readonly closed: Promise<Error | undefined>;
  listener: HostListener | undefined;
  readonly #socket: Socket;
  readonly #link: UsbredirLink;
  #lastId = 0;
  #error: Error | undefined;

  /** @param name - for errors; @param version - of this program, for the host's log */
  constructor(socket: Socket, name: string, version: string) {
    this.#socket = socket;
    const link = (this.#link = new UsbredirLink({
      role: 'guest',
      version,
      capabilities: CAPABILITIES,
      maximumLength: MAXIMUM_LENGTH,
    }));
    let connected: (device: DeviceConnect) => void = () => {};
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve(this.#error);
        this.listener?.lost(this.#error);
      });
    });
    this.device = new Promise((resolve, reject) => {
      connected = resolve;
      void this.closed.then((error) => {
        const why = error === undefined ? 'it closed the connection' : error.message;
        reject(new DeviceError('NOT_USBREDIR', `${name} gives no device: ${why}`, { cause: error }));
      });
    });
    // Whoever waits for it is told; nobody has to.
    this.device.catch(() => {});
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const event of link.receive(chunk)) {
        // Nothing that comes behind its end counts.
        if (this.isOver) return;
        this.#happened(event, connected);
      }
    });
    for (const part of link.hello()) socket.write(part);
    socket.resume();
  }

  /** Whether it is over or about to be. */
  get isOver(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  /** Bulk transfers may have more than 65535 bytes. */
  get hasLongLengths(): boolean {
    return this.#link.has('32bits_bulk_length');
  }

  /** The id of a new request. */
  nextId(): UsbredirId {
    this.#lastId = this.#lastId >= LARGEST_ID ? 1 : this.#lastId + 1;
    return this.#link.numbered(this.#lastId);
  }

  /** An id for what is not answered by it, such as the number of a packet in a stream. */
  numbered(id: number): UsbredirId {
    return this.#link.numbered(id);
  }

  send(packet: LinkPacket): void {
    if (this.isOver) return;
    for (const part of this.#link.encode(packet)) this.#socket.write(part);
  }

  /** Bytes that the host has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Ends the connection because of an error of the host. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Ends the connection: the host has its device back. */
  close(): void {
    this.#socket.destroy();
  }

  #happened(event: LinkEvent, connected: (device: DeviceConnect) => void): void {
    switch (event.type) {
      case 'ready':
        return;
      case 'malformed':
        // A request in it is never answered, and its time limit ends what waits for it.
        return;
      case 'failed':
        this.fail(event.error);
        return;
      case 'packet':
        break;
    }
    const { packet } = event;
    if (packet.name === 'usb_redir_device_connect') connected(packet);
    else if (packet.name === 'usb_redir_device_disconnect') {
      if (this.#link.has('device_disconnect_ack')) {
        this.send({ name: 'usb_redir_device_disconnect_ack', ...this.numbered(0) });
      }
      this.#socket.end();
      this.#socket.destroySoon();
    } else this.listener?.received(packet);
  }
}
