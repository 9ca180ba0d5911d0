import { createServer, type Server, type Socket } from 'node:net';
import { asError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { OpRepDevlist, OpRepImport, USBIP_PORT, USBIP_VERSION, UsbipStatus } from '../../../codecs/usbip/operations.ts';
import type { ConnectionLimit } from '../../admission/connectionLimit.ts';
import { networkOf, PendingConnections } from '../../admission/pendingConnections.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../../ports/usb.ts';
import { HostError } from '../hostError.ts';
import { DeviceConnection } from '../usbip/deviceConnection.ts';
import { Bus, describeBusDevice, type BusDevice } from './bus.ts';
import { readRequest } from './readRequest.ts';

/** Options of {@link UsbipServer.listen}. */
export interface UsbipServerOptions {
  /**
   * Address to listen at; default `127.0.0.1`. Everybody who reaches it gets the devices: USB/IP has neither password
   * nor encryption.
   */
  readonly host?: string;
  /** Default {@link USBIP_PORT}; 0 lets the system choose. */
  readonly port?: number;
  /** Time for the timeouts. */
  readonly clock: Clock;
  /** Connections of this and all other listeners that share it. Default: no limit to those that have devices. */
  readonly connections?: ConnectionLimit;
  /** Decides who has a device that several clients want. Default: who came first, as long as it likes. */
  readonly sharing?: ImportSharing;
  /** A client has imported the device. */
  readonly onImported?: (device: UsbDevice, remote: string) => void;
  /** The client no longer has it; the error says why, unless the client closed its connection. */
  readonly onReleased?: (device: UsbDevice, remote: string, error: Error | undefined) => void;
  /** A client's request was refused. */
  readonly onRefused?: (error: Error, remote: string) => void;
}

/** A client that has a device, or wants it. */
export interface ImportClaimant {
  /** Its URL. */
  readonly name: string;
  /** Aborted when its connection is over. */
  readonly left: AbortSignal;
  /** Takes the device from it in good order; `released` follows. */
  handOver(): Promise<void>;
  /** Takes it by force; `hasNext`: for another one. */
  cut(hasNext: boolean): Promise<void>;
}

/** A device as one client has it. */
export interface LentDevice extends UsbDevice {
  /** Takes no new requests. */
  stop(): void;
  /** After `stop`: resolves when nothing would be torn. */
  settled(): Promise<void>;
  /** Resolves when all that was pending has ended. */
  abort(): Promise<void>;
  /** By force: its client sees an unplug. */
  cut(hasNext: boolean): Promise<void>;
}

/** Decides who has a device that several clients want, and takes it from one for another. */
export interface ImportSharing {
  /** Resolves when the client has the device, with undefined, or with one line that says why it has not. */
  claim(device: UsbDevice, claimant: ImportClaimant): Promise<string | undefined>;
  /** The device for whoever has it now. */
  lend(device: UsbDevice): LentDevice;
  /** The client has no more of it: the device is closed. */
  released(device: UsbDevice, claimant: ImportClaimant): void;
}

/** Connections at a time that have no device, and of them those from one address. When there are more, one gives way. */
const MAXIMUM_REQUESTS = 32;
const MAXIMUM_REQUESTS_FROM_ONE = 16;
/** Milliseconds for the first bytes of a request. */
const FIRST_BYTES_TIME = 3000;
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

/** A device that clients may import. */
export interface UsbipAttachment extends Attachment {
  /** The busid by which they import it, such as `1-2`. */
  readonly location: string;
}

/** A client does not get a device, and is told by `status`. */
class ImportRefused extends HostError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('IMPORT_REFUSED', message);
    this.status = status;
  }
}

/**
 * A sink that exports devices: clients of USB/IP (`usbip attach` of Linux, usbip-win2) list and import them, one client a
 * device, and drive them as if they were plugged in there.
 */
export class UsbipServer implements UsbDeviceSink {
  readonly #options: UsbipServerOptions;
  readonly #server: Server;
  readonly #bus = new Bus();
  readonly #attachments = new Set<UsbipAttachment>();
  readonly #importers = new Map<UsbDevice, Importer>();
  readonly #connections = new Map<Socket, Promise<void>>();
  /** The connections that have no device, each as the function that cuts it off. */
  readonly #requests = new PendingConnections<(why: HostError) => void>({
    maximum: MAXIMUM_REQUESTS,
    perNetwork: MAXIMUM_REQUESTS_FROM_ONE,
  });
  #url = 'usbip:';

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
        const address = usbip.#server.address();
        if (typeof address === 'object' && address !== null) usbip.#url = urlOf(address.address, address.port);
        resolve();
      });
    });
    usbip.#server.on('error', (error) => usbip.#refused(error, usbip.url));
    return usbip;
  }

  /** With the real port: `usbip://127.0.0.1:3240`. */
  get url(): string {
    return this.#url;
  }

  /** As {@link url}. */
  get name(): string {
    return this.#url;
  }

  /** The device is opened when a client imports it. */
  attach(device: UsbDevice): Promise<UsbipAttachment> {
    if (!this.#server.listening) return Promise.reject(new HostError('HOST_CLOSED', `${this.url} is closed`));
    const exported = this.#bus.plugIn(device);
    let resolve: (end: AttachmentEnd) => void = () => {};
    let ending: Promise<void> | undefined;
    const end = async (reached: AttachmentEnd) => {
      device.gone.removeEventListener('abort', unplugged);
      this.#attachments.delete(attachment);
      this.#bus.unplug(exported);
      const importer = this.#importers.get(device);
      importer?.socket.destroy();
      await importer?.released.catch(() => {});
      resolve(reached);
    };
    const unplugged = () => void (ending ??= end({ reason: 'unplugged' }));
    const attachment: UsbipAttachment = {
      device,
      location: exported.busid,
      ended: new Promise((settle) => (resolve = settle)),
      release: () => (ending ??= end({ reason: 'released' })),
    };
    this.#attachments.add(attachment);
    device.gone.addEventListener('abort', unplugged);
    if (device.gone.aborted) unplugged();
    return Promise.resolve(attachment);
  }

  /** Takes all devices back and stops listening. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all([...this.#attachments].map((attachment) => attachment.release()));
    await Promise.all(this.#connections.values());
  }

  /** A callback that throws must not end the process; there is no other place to report it. */
  #refused(error: unknown, remote: string): void {
    try {
      this.#options.onRefused?.(asError(error), remote);
    } catch {
      // See above.
    }
  }

  #connected(socket: Socket): void {
    const remote = urlOf(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
    // A failure shows when the socket closes.
    socket.on('error', () => {});
    const { connections } = this.#options;
    if (connections !== undefined) {
      if (!connections.take()) {
        socket.destroy();
        const problem = `${connections.maximum} connections are open already, the most for this process`;
        this.#refused(new HostError('TOO_MANY_CONNECTIONS', problem), remote);
        return;
      }
      socket.once('close', () => connections.release());
    }
    const over = this.#serve(socket, remote)
      .catch((error: unknown) => this.#refused(error, remote))
      .finally(() => {
        socket.destroy();
        this.#connections.delete(socket);
      });
    this.#connections.set(socket, over);
  }

  /** Resolves when the connection may be closed. @throws HostError when the client is refused */
  async #serve(socket: Socket, remote: string): Promise<void> {
    let reason: Error | undefined;
    const cutOff = (why: HostError) => {
      reason ??= why;
      socket.destroy();
    };
    const victim = this.#requests.enter(cutOff, networkOf(socket.remoteAddress ?? ''), () =>
      socket.bytesRead > 0 ? 1 : 0,
    );
    const problem = `it gave way to a newer connection: at most ${MAXIMUM_REQUESTS} may be without a device`;
    victim?.(new HostError('TOO_MANY_CONNECTIONS', problem));
    const stopTimer = this.#limitTime(socket, cutOff);
    const { sharing } = this.#options;
    const stopWaiting = () => {
      stopTimer();
      this.#requests.leave(cutOff);
    };
    try {
      const request = await readRequest(socket);
      if (request.name === 'OP_REQ_DEVLIST') await sendLast(socket, this.#list());
      else if (sharing === undefined) await this.#import(request.busid, socket, remote, stopWaiting);
      else {
        // A claim has times of its own; the connection still counts among those without a device.
        stopTimer();
        await this.#importShared(sharing, request.busid, socket, remote, stopWaiting);
      }
    } catch (error) {
      if (error instanceof ImportRefused) await sendLast(socket, replyToImport({ status: error.status }));
      throw reason ?? error;
    } finally {
      stopWaiting();
    }
  }

  /** Returns the function that stops the timer. */
  #limitTime(socket: Socket, cutOff: (why: HostError) => void): () => void {
    const { clock } = this.#options;
    let stop = clock.after(FIRST_BYTES_TIME, () => {
      if (socket.bytesRead === 0) {
        cutOff(new HostError('TIMED_OUT', `it sent nothing within ${FIRST_BYTES_TIME} ms`));
        return;
      }
      const why = new HostError('TIMED_OUT', `it made no request within ${REQUEST_TIME} ms`);
      stop = clock.after(REQUEST_TIME - FIRST_BYTES_TIME, () => cutOff(why));
    });
    return () => {
      stop();
    };
  }

  /** Without imported devices: other clients cannot import them and need not know of them. */
  #list(): Uint8Array {
    const free = this.#bus.devices.filter(({ device }) => !this.#importers.has(device));
    return joinParts(
      OpRepDevlist.encode({
        name: 'OP_REP_DEVLIST',
        version: USBIP_VERSION,
        status: UsbipStatus.ST_OK,
        devices: free.map(describeBusDevice),
      }),
    );
  }

  /** Resolves when the client has given the device back. @throws ImportRefused when it does not get it */
  async #import(busid: string, socket: Socket, remote: string, stopWaiting: () => void): Promise<void> {
    const plugged = await this.#free(busid);
    const lent = this.#lend(plugged, socket, remote, stopWaiting);
    const released = lent.finally(() => this.#importers.delete(plugged.device));
    this.#importers.set(plugged.device, { socket, released });
    await released;
  }

  /** As {@link #import}, where another client may give the device up for this one. @throws ImportRefused */
  async #importShared(
    sharing: ImportSharing,
    busid: string,
    socket: Socket,
    remote: string,
    stopWaiting: () => void,
  ): Promise<void> {
    const { device } = this.#plugged(busid);
    const left = new AbortController();
    socket.once('close', () => left.abort());
    if (socket.destroyed) left.abort();
    let lent: LentDevice | undefined;
    const claimant: ImportClaimant = {
      name: remote,
      left: left.signal,
      handOver: async () => {
        lent?.stop();
        await lent?.settled();
        await lent?.abort();
        socket.destroy();
      },
      cut: async (hasNext) => {
        await lent?.cut(hasNext);
        socket.destroy();
      },
    };
    const why = await sharing.claim(device, claimant);
    if (why !== undefined) throw new ImportRefused(UsbipStatus.ST_DEV_BUSY, `device ${busid} is not for it: ${why}`);
    try {
      const plugged = this.#plugged(busid);
      if (plugged.device !== device) throw new ImportRefused(UsbipStatus.ST_NODEV, `device ${busid} is gone`);
      lent = sharing.lend(device);
      const released = this.#lend({ ...plugged, device: lent }, socket, remote, stopWaiting);
      this.#importers.set(device, { socket, released });
      await released.finally(() => this.#importers.delete(device));
    } finally {
      sharing.released(device, claimant);
    }
  }

  /** @throws ImportRefused when there is no such device */
  #plugged(busid: string): BusDevice {
    const plugged = this.#bus.find(busid);
    if (plugged === undefined) throw new ImportRefused(UsbipStatus.ST_NODEV, `there is no device ${busid}`);
    return plugged;
  }

  /** The device of that name, if no client has imported it. @throws ImportRefused */
  async #free(busid: string): Promise<BusDevice> {
    for (;;) {
      const plugged = this.#plugged(busid);
      const importer = this.#importers.get(plugged.device);
      if (importer === undefined) return plugged;
      if (!importer.socket.destroyed)
        throw new ImportRefused(UsbipStatus.ST_DEV_BUSY, `another client has device ${busid}`);
      // The last client has just left: its transfers are being cancelled.
      await importer.released.catch(() => {});
    }
  }

  async #lend(plugged: BusDevice, socket: Socket, remote: string, stopWaiting: () => void): Promise<void> {
    const { device, busid } = plugged;
    try {
      await device.open();
    } catch (error) {
      throw new ImportRefused(UsbipStatus.ST_DEV_ERR, `device ${busid} cannot be opened: ${asError(error).message}`);
    }
    let error: Error | undefined;
    try {
      if (socket.destroyed)
        throw new HostError('CLIENT_LEFT', `device ${busid} or the client left before it was imported`);
      const { interfaces, ...described } = describeBusDevice(plugged);
      const imported = { ...described, bNumInterfaces: interfaces.length };
      socket.write(replyToImport({ status: UsbipStatus.ST_OK, device: imported }));
      socket.setKeepAlive(true, KEEP_ALIVE);
      stopWaiting();
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
    // Without it the end is never seen.
    socket.resume();
  });
}

function urlOf(host: string, port: number): string {
  return `usbip://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
