import { createServer, type Server, type Socket } from 'node:net';
import { asError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { OpRepDevlist, OpRepImport, USBIP_VERSION, UsbipStatus } from '../../../codecs/usbip/operations.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RedirectedDevice, UsbHost } from '../../ports/usb.ts';
import { DeviceConnection } from '../usbip/deviceConnection.ts';
import { Bus, describePlugged, type PluggedDevice } from './bus.ts';
import { readRequest } from './readRequest.ts';

/** The port that USB/IP clients expect. */
export const USBIP_PORT = 3240;

export interface UsbipServerOptions {
  /**
   * Address to listen at; default `127.0.0.1`. Who reaches it gets the devices: USB/IP has neither password nor
   * encryption.
   */
  readonly host?: string;
  /** Default {@link USBIP_PORT}; 0 lets the system choose. */
  readonly port?: number;
  readonly clock: Clock;
  /** Clients may import this device by that name. */
  readonly onExported?: (device: RedirectedDevice, busid: string) => void;
  /** A client has the device now. */
  readonly onImported?: (device: RedirectedDevice, remote: string) => void;
  /** It has it no more; the error says why, when the client did not just close its connection. */
  readonly onReleased?: (device: RedirectedDevice, remote: string, error: Error | undefined) => void;
  /** A client did not get what it wanted. */
  readonly onRefused?: (error: Error, remote: string) => void;
}

/** Connections at a time that have no device. */
const MAXIMUM_REQUESTS = 32;
/** Milliseconds for a request to come and its answer to be taken. */
const REQUEST_TIME = 10_000;
/** Milliseconds of silence after which the system asks a client's machine whether it is still there. */
const KEEP_ALIVE = 30_000;

/** A client that has a device, or is about to have it. */
interface Importer {
  readonly socket: Socket;
  /** Settled when the device is closed again. */
  readonly released: Promise<unknown>;
}

/** Why a client does not get a device. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Exports redirected devices: clients of USB/IP (`usbip attach` of Linux, usbip-win2) list and import them, each for
 * itself alone, and drive them as if they were plugged in there.
 */
export class UsbipServer implements UsbHost {
  readonly #options: UsbipServerOptions;
  readonly #server: Server;
  readonly #bus = new Bus();
  readonly #plugged = new Map<RedirectedDevice, PluggedDevice>();
  readonly #importers = new Map<RedirectedDevice, Importer>();
  readonly #connections = new Map<Socket, Promise<void>>();

  private constructor(options: UsbipServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** @throws Error with one line when the system refuses */
  static async listen(options: UsbipServerOptions): Promise<UsbipServer> {
    const { host = '127.0.0.1', port = USBIP_PORT } = options;
    const usbip = new UsbipServer(options);
    await new Promise<void>((resolve, reject) => {
      usbip.#server.once('error', reject).listen({ host, port }, () => {
        usbip.#server.off('error', reject);
        resolve();
      });
    });
    usbip.#server.on('error', (error) => options.onRefused?.(error, usbip.url));
    return usbip;
  }

  /** With the real port: `usbip://127.0.0.1:3240`. */
  get url(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? urlOf(address.address, address.port) : 'usbip:';
  }

  deviceAdded(device: RedirectedDevice): void {
    const plugged = this.#bus.plugIn(device);
    this.#plugged.set(device, plugged);
    this.#options.onExported?.(device, plugged.busid);
  }

  deviceRemoved(device: RedirectedDevice): void {
    const plugged = this.#plugged.get(device);
    if (plugged === undefined) return;
    this.#plugged.delete(device);
    this.#bus.unplug(plugged);
    this.#importers.get(device)?.socket.destroy();
  }

  /** Takes all devices back and stops listening. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all(this.#connections.values());
  }

  #connected(socket: Socket): void {
    const remote = urlOf(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
    // What goes wrong is seen where the socket closes.
    socket.on('error', () => {});
    if (this.#connections.size - this.#importers.size >= MAXIMUM_REQUESTS) {
      socket.destroy();
      this.#options.onRefused?.(new Error(`${MAXIMUM_REQUESTS} others have not ended their requests yet`), remote);
      return;
    }
    const over = this.#serve(socket, remote)
      .catch((error: unknown) => this.#options.onRefused?.(asError(error), remote))
      .finally(() => {
        socket.destroy();
        this.#connections.delete(socket);
      });
    this.#connections.set(socket, over);
  }

  /** Resolves when the connection may be closed. @throws Error with one line when the client does not get its wish */
  async #serve(socket: Socket, remote: string): Promise<void> {
    const deadline = new AbortController();
    const stopTimer = this.#options.clock.after(REQUEST_TIME, () => {
      deadline.abort();
      socket.destroy();
    });
    try {
      const request = await readRequest(socket);
      if (request.name === 'OP_REQ_DEVLIST') await sendLast(socket, this.#list());
      else await this.#import(request.busid, socket, remote, stopTimer);
    } catch (error) {
      if (error instanceof Refusal) await sendLast(socket, replyToImport({ status: error.status }));
      else if (deadline.signal.aborted)
        throw new Error(`it made no request within ${REQUEST_TIME} ms`, { cause: error });
      throw error;
    } finally {
      stopTimer();
    }
  }

  /** Devices that a client has are not listed: nobody else can have them, and nobody else needs to know. */
  #list(): Uint8Array {
    const free = this.#bus.devices.filter(({ device }) => !this.#importers.has(device));
    return joinParts(
      OpRepDevlist.encode({
        name: 'OP_REP_DEVLIST',
        version: USBIP_VERSION,
        status: UsbipStatus.ST_OK,
        devices: free.map(describePlugged),
      }),
    );
  }

  /** Resolves when the client has given the device back. @throws Refusal when it does not get it */
  async #import(busid: string, socket: Socket, remote: string, stopTimer: () => void): Promise<void> {
    const plugged = await this.#free(busid);
    const lent = this.#lend(plugged, socket, remote, stopTimer);
    const released = lent.finally(() => this.#importers.delete(plugged.device));
    this.#importers.set(plugged.device, { socket, released });
    await released;
  }

  /** The device of that name, when nobody has it. @throws Refusal */
  async #free(busid: string): Promise<PluggedDevice> {
    for (;;) {
      const plugged = this.#bus.find(busid);
      if (plugged === undefined) throw new Refusal(UsbipStatus.ST_NODEV, `there is no device ${busid}`);
      const importer = this.#importers.get(plugged.device);
      if (importer === undefined) return plugged;
      if (!importer.socket.destroyed) throw new Refusal(UsbipStatus.ST_DEV_BUSY, `another client has device ${busid}`);
      // The one before has just left: its transfers are being cancelled.
      await importer.released.catch(() => {});
    }
  }

  async #lend(plugged: PluggedDevice, socket: Socket, remote: string, stopTimer: () => void): Promise<void> {
    const { device, busid } = plugged;
    try {
      await device.open();
    } catch (error) {
      throw new Refusal(UsbipStatus.ST_DEV_ERR, `device ${busid} cannot be opened: ${asError(error).message}`);
    }
    let error: Error | undefined;
    try {
      if (socket.destroyed) throw new Error(`device ${busid} or the client left before it was imported`);
      const { interfaces, ...described } = describePlugged(plugged);
      const imported = { ...described, bNumInterfaces: interfaces.length };
      socket.write(replyToImport({ status: UsbipStatus.ST_OK, device: imported }));
      socket.setKeepAlive(true, KEEP_ALIVE);
      stopTimer();
      const connection = new DeviceConnection(device, socket);
      socket.resume();
      this.#options.onImported?.(device, remote);
      error = await connection.closed;
    } finally {
      await device.close();
    }
    this.#options.onReleased?.(device, remote, error);
  }
}

function replyToImport(reply: Omit<OpRepImport, 'name' | 'version'>): Uint8Array {
  return joinParts(OpRepImport.encode({ name: 'OP_REP_IMPORT', version: USBIP_VERSION, ...reply }));
}

/** Sends an answer after which the client closes; resolves when the socket is closed, for whatever reason. */
function sendLast(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.end(bytes);
    // Or its end would not be seen.
    socket.resume();
  });
}

function urlOf(host: string, port: number): string {
  return `usbip://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
