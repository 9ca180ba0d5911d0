import { connect, type Socket } from 'node:net';
import { DecodeError } from '../../../codecs/core/errors.ts';
import { type Parts, joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  type ImportedDevice,
  type UsbipListedDevice,
  OpRepDevlist,
  OpRepImport,
  OpReqDevlist,
  OpReqImport,
  USBIP_PORT,
  USBIP_VERSION,
  UsbipStatus,
} from '../../../codecs/usbip/operations.ts';
import type { Clock } from '../../ports/clock.ts';
import { DeviceError } from '../../usb/deviceError.ts';

/** A server of USB/IP. */
export interface UsbipServerAddress {
  /** Name or address of the server. */
  readonly host: string;
  /** Default 3240. */
  readonly port?: number;
}

/** An imported device, and the connection that is its cable from now on. */
export interface Import {
  readonly socket: Socket;
  readonly device: ImportedDevice;
}

/** Milliseconds for a connection, and for an answer. */
const ANSWER_TIME = 10_000;
/** Bytes of a list, enough for some hundred devices. */
const LONGEST_ANSWER = 256 * 1024;

/** `usbip://server:3240`, for people. */
export function serverName({ host, port = USBIP_PORT }: UsbipServerAddress): string {
  return `usbip://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The devices that a server exports and nobody has imported.
 * @throws DeviceError when it answers otherwise or not in time; the system's error when it cannot be reached
 */
export async function listExported(address: UsbipServerAddress, clock: Clock): Promise<readonly UsbipListedDevice[]> {
  const name = serverName(address);
  const socket = await dial(address, name, clock);
  try {
    const request = OpReqDevlist.encode({ name: 'OP_REQ_DEVLIST', version: USBIP_VERSION });
    const { status, devices } = await ask(socket, request, decodeList, name, clock);
    if (status === UsbipStatus.ST_OK) return devices;
    throw new DeviceError('IMPORT_REFUSED', `${name} does not tell what it exports (status ${status})`);
  } finally {
    socket.destroy();
  }
}

/**
 * Imports a device. The socket is paused and has nothing unread.
 * @throws DeviceError when the server does not give it, answers otherwise or not in time; the system's error when it cannot
 *   be reached
 */
export async function importDevice(address: UsbipServerAddress, busid: string, clock: Clock): Promise<Import> {
  const name = serverName(address);
  const socket = await dial(address, name, clock);
  try {
    const request = OpReqImport.encode({ name: 'OP_REQ_IMPORT', version: USBIP_VERSION, busid });
    const { status, device } = await ask(socket, request, decodeImport, name, clock);
    if (device !== undefined) return { socket, device };
    throw new DeviceError('IMPORT_REFUSED', `${name} does not give device ${busid}: ${refusalText(status)}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function refusalText(status: number): string {
  switch (status) {
    case UsbipStatus.ST_NA:
      return 'it is not exported, or somebody else has it';
    case UsbipStatus.ST_DEV_BUSY:
      return 'somebody else has it';
    case UsbipStatus.ST_DEV_ERR:
      return 'it cannot be used there; its machine may have to reset it';
    case UsbipStatus.ST_NODEV:
      return 'there is none of this name; its list tells those that there are';
    default:
      return `the server has an error (status ${status})`;
  }
}

function dial(address: UsbipServerAddress, name: string, clock: Clock): Promise<Socket> {
  const { host, port = USBIP_PORT } = address;
  const socket = connect({ host, port });
  return within(ANSWER_TIME, socket, name, clock, (resolve) => {
    socket.once('connect', () => resolve(socket));
  });
}

type Decode<T> = (reader: Reader) => T;

const decodeList: Decode<OpRepDevlist> = (reader) =>
  OpRepDevlist.decode(reader.as(OpRepDevlist.name, OpRepDevlist.spec));

function decodeImport(bytes: Reader): OpRepImport {
  const reader = bytes.as(OpRepImport.name, OpRepImport.spec);
  const reply = OpRepImport.decode(reader);
  // Nothing may come before something was asked for.
  reader.end();
  return reply;
}

/** Sends a request and reads its answer. Afterwards the socket is paused. */
function ask<T>(socket: Socket, request: Parts, decode: Decode<T>, name: string, clock: Clock): Promise<T> {
  return within(ANSWER_TIME, socket, name, clock, (resolve, reject) => {
    let bytes = new Uint8Array(0);
    const received = (chunk: Uint8Array) => {
      bytes = new Uint8Array(joinParts([bytes, chunk]));
      try {
        const answer = decode(new Reader(bytes, 'OP_REP', OpRepImport.spec));
        socket.pause();
        socket.off('data', received);
        resolve(answer);
      } catch (error) {
        if (error instanceof DecodeError && error.code === 'TRUNCATED' && bytes.byteLength <= LONGEST_ANSWER) return;
        const text = error instanceof Error ? error.message : String(error);
        reject(new DeviceError('NOT_USBIP', `${name}: what it sent is no answer of USB/IP: ${text}`, { cause: error }));
      }
    };
    socket.on('data', received);
    socket.write(joinParts(request));
    socket.resume();
  });
}

/** Rejects when the socket fails or closes, or when the time is over; the socket is destroyed then. */
function within<T>(
  time: number,
  socket: Socket,
  name: string,
  clock: Clock,
  work: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const fail = (error: Error) => {
      stop();
      socket.destroy();
      reject(error);
    };
    const left = () => fail(new DeviceError('IMPORT_REFUSED', `${name} closed the connection instead of an answer`));
    const stopTimer = clock.after(time, () => {
      fail(new DeviceError('TIMED_OUT', `${name} did not answer within ${time} ms: is it a server of USB/IP?`));
    });
    const stop = () => {
      stopTimer();
      socket.off('error', fail).off('end', left).off('close', left);
      // What comes later shows when the socket is used.
      socket.on('error', () => {});
    };
    socket.on('error', fail).on('end', left).on('close', left);
    work((value) => {
      stop();
      resolve(value);
    }, fail);
  });
}
