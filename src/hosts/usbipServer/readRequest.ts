import type { Socket } from 'node:net';
import { asError } from '../../../codecs/core/errors.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  OP_COMMON_SIZE,
  OP_REQ_IMPORT_SIZE,
  OpReqDevlist,
  OpReqImport,
  peekOperation,
  USBIP_VERSION,
} from '../../../codecs/usbip/operations.ts';
import { HostError } from '../hostError.ts';

/** A request of a USB/IP client before an import. */
export type UsbipRequest = OpReqDevlist | OpReqImport;

/**
 * The request with which a client begins. Afterwards the socket is paused and still has what follows the request. It
 * waits as long as the socket lives.
 * @throws HostError, DecodeError when that is no request, or none comes
 */
export function readRequest(socket: Socket): Promise<UsbipRequest> {
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array(0);
    const stop = () => {
      socket.pause();
      socket.off('data', received).off('end', closed).off('close', closed);
    };
    const closed = () => {
      stop();
      reject(new HostError('CLIENT_LEFT', 'it closed the connection before it asked for anything'));
    };
    const received = (chunk: Uint8Array) => {
      const missing = OP_REQ_IMPORT_SIZE - bytes.byteLength;
      // At most 40 bytes are ever kept.
      bytes = Uint8Array.from([...bytes, ...chunk.subarray(0, missing)]);
      try {
        const request = decodeRequest(bytes);
        if (request === undefined) return;
        stop();
        const rest = bytes.byteLength - sizeOf(request);
        const behind = chunk.subarray(Math.max(0, Math.min(chunk.byteLength, missing) - rest));
        if (behind.byteLength > 0) socket.unshift(behind);
        resolve(request);
      } catch (error) {
        stop();
        reject(asError(error));
      }
    };
    socket.on('data', received).on('end', closed).on('close', closed);
  });
}

const sizeOf = ({ name }: UsbipRequest) => (name === 'OP_REQ_DEVLIST' ? OP_COMMON_SIZE : OP_REQ_IMPORT_SIZE);

/** Undefined while bytes are missing. @throws HostError, DecodeError */
function decodeRequest(bytes: Uint8Array): UsbipRequest | undefined {
  if (bytes.byteLength < OP_COMMON_SIZE) return undefined;
  const reader = new Reader(bytes, 'OP_REQ', OpReqImport.spec);
  const operation = peekOperation(reader);
  if (operation !== 'OP_REQ_DEVLIST' && operation !== 'OP_REQ_IMPORT') {
    throw new HostError('NOT_USBIP', 'what it sent is no request of USB/IP');
  }
  if (operation === 'OP_REQ_IMPORT' && bytes.byteLength < OP_REQ_IMPORT_SIZE) return undefined;
  const codec = operation === 'OP_REQ_DEVLIST' ? OpReqDevlist : OpReqImport;
  const request = codec.decode(reader.as(codec.name, codec.spec));
  if (request.version !== USBIP_VERSION) {
    throw new HostError(
      'NOT_USBIP',
      `it speaks version 0x${request.version.toString(16)} of USB/IP, not 0x${USBIP_VERSION.toString(16)}`,
    );
  }
  return request;
}
