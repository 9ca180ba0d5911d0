import type { Socket } from 'node:net';
import { BufferPool } from '../../../codecs/core/bufferPool.ts';
import { asError } from '../../../codecs/core/errors.ts';
import type { UsbipClientCommand } from '../../../codecs/usbip/command.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { clientCommands, MessageReader } from '../../usbip/messageReader.ts';
import { TurnWriter } from '../../usbip/turnWriter.ts';
import { ExportedDevice } from './exportedDevice.ts';

/** Bytes of an URB's buffer; the kernel's own drivers stay far below. */
const MAXIMUM_TRANSFER_SIZE = 16 * 1024 * 1024;
/** Bytes of replies that the other end has not taken; beyond, no more of its commands are read. */
const REPLY_BACKLOG = 4 * 1024 * 1024;

/** Of what is written to the devices of all connections. */
const sharedBuffers = new BufferPool();

/**
 * The connection between a device and the one who has imported it, after USB/IP's import: commands come in, replies go
 * out. It ends when the other end closes, sends nonsense, or {@link close} is called.
 */
export class DeviceConnection {
  /** Resolves, never rejects, when the connection is over: with the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Socket;
  readonly #exported: ExportedDevice;
  readonly #commands: MessageReader<UsbipClientCommand>;
  #error: Error | undefined;

  /** @param buffers for commands with much data. Default: those of all connections */
  constructor(device: UsbDevice, socket: Socket, buffers = sharedBuffers) {
    this.#socket = socket;
    const writer = new TurnWriter(socket);
    const commands = new MessageReader(clientCommands(MAXIMUM_TRANSFER_SIZE), buffers);
    this.#commands = commands;
    this.#exported = new ExportedDevice(
      device,
      (reply, sent) => writer.write(reply, sent),
      (command) => commands.done(command),
    );
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#exported.close();
        resolve(this.#error);
      });
    });
    socket.setNoDelay(true);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('drain', () => socket.resume());
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => socket.destroy());
  }

  /** Ends it; what is pending is cancelled and not answered. */
  close(): void {
    this.#socket.destroy();
  }

  #received(chunk: Uint8Array): void {
    try {
      this.#exported.execute(this.#commands.push(chunk));
    } catch (error) {
      this.#error ??= asError(error);
      this.#socket.destroy();
      return;
    }
    if (this.#socket.writableLength > REPLY_BACKLOG) this.#socket.pause();
  }
}
