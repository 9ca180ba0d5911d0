import type { Socket } from 'node:net';
import type { DeviceConnect } from '../../../codecs/usbredir/connection.ts';
import type { UsbredirId } from '../../../codecs/usbredir/header.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { LinkSocket } from '../../usbredir/linkSocket.ts';
import type { LinkEvent, LinkPacket, UsbredirLink } from '../../usbredir/usbredirLink.ts';

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
  readonly #connection: LinkSocket;
  readonly #link: UsbredirLink;
  #lastId = 0;

  /** @param name - for errors; @param version - of this program, for the host's log */
  constructor(socket: Socket, name: string, version: string) {
    let connected: (device: DeviceConnect) => void = () => {};
    let closed: (error: Error | undefined) => void = () => {};
    this.closed = new Promise((resolve) => (closed = resolve));
    this.device = new Promise((resolve, reject) => {
      connected = resolve;
      void this.closed.then((error) => {
        const why = error === undefined ? 'it closed the connection' : error.message;
        reject(new DeviceError('NOT_USBREDIR', `${name} gives no device: ${why}`, { cause: error }));
      });
    });
    // Whoever waits for it is told; nobody has to.
    this.device.catch(() => {});
    socket.setKeepAlive(true, KEEP_ALIVE);
    this.#connection = new LinkSocket(socket, {
      role: 'guest',
      version,
      happened: (event) => this.#happened(event, connected),
      closed: (error) => {
        closed(error);
        this.listener?.lost(error);
      },
    });
    this.#link = this.#connection.link;
  }

  /** Whether it is over or about to be. */
  get isOver(): boolean {
    return this.#connection.isOver;
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
    this.#connection.send(packet);
  }

  /** Bytes that the host has not taken yet. */
  get backlog(): number {
    return this.#connection.backlog;
  }

  /** Ends the connection because of an error of the host. */
  fail(error: Error): void {
    this.#connection.fail(error);
  }

  /** Ends the connection: the host has its device back. */
  close(): void {
    this.#connection.destroy();
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
      this.#connection.end();
    } else this.listener?.received(packet);
  }
}
