import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';

/** A licensing error message after its security header, [MS-RDPBCGR] 2.2.1.12; usually STATUS_VALID_CLIENT, which is no error. */
export interface LicenseErrorMessage {
  /** PREAMBLE_VERSION in the low 4 bits: 2 or 3. */
  readonly flags: number;
  /** Of {@link LicenseStatus}. */
  readonly errorCode: number;
  /** Of {@link LicenseTransition}. */
  readonly stateTransition: number;
  /** wBlobType of bbErrorInfo; BB_ERROR_BLOB is 4. */
  readonly blobType: number;
  readonly blobData: Uint8Array;
}

/** dwErrorCode, [MS-RDPBCGR] 2.2.1.12.1.3. */
export const LicenseStatus = { STATUS_VALID_CLIENT: 0x00000007 } as const;
/** dwStateTransition. */
export const LicenseTransition = { ST_TOTAL_ABORT: 1, ST_NO_TRANSITION: 2 } as const;

/** LICENSE_BINARY_BLOB, [MS-RDPBCGR] 2.2.1.12.1.2. */
export interface LicenseBlob {
  /** wBlobType. */
  readonly type: number;
  readonly data: Uint8Array;
}

const ERROR_ALERT = 0xff;
const Preamble = struct('LICENSE_ERROR_MESSAGE', { bMsgType: 'u8', flags: 'u8', wMsgSize: 'u16' });
const Body = struct('LICENSE_ERROR_MESSAGE', { dwErrorCode: 'u32', dwStateTransition: 'u32' });
const Blob = struct('LICENSE_ERROR_MESSAGE', { wBlobType: 'u16', wBlobLen: 'u16' });

export const LicenseErrorMessage = codec<LicenseErrorMessage>({
  name: 'LICENSE_ERROR_MESSAGE',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.12.1.3' },
  decode(reader) {
    const { bMsgType, flags, wMsgSize } = Preamble.decode(reader);
    if (bMsgType !== ERROR_ALERT) {
      throw reader.error('INVALID_VALUE', 'bMsgType', `${bMsgType} is not ERROR_ALERT`, Preamble.size);
    }
    const { dwErrorCode, dwStateTransition } = Body.decode(reader);
    const { wBlobType, wBlobLen } = Blob.decode(reader);
    const blobData = reader.take(wBlobLen, 'blobData');
    const size = Preamble.size + Body.size + Blob.size + wBlobLen;
    if (wMsgSize !== size)
      throw reader.error('LENGTH_MISMATCH', 'wMsgSize', `${wMsgSize} instead of ${size}`, size - 2);
    reader.end();
    return { flags, errorCode: dwErrorCode, stateTransition: dwStateTransition, blobType: wBlobType, blobData };
  },
  write(out, { flags, errorCode, stateTransition, blobType, blobData }) {
    const wMsgSize = Preamble.size + Body.size + Blob.size + blobData.byteLength;
    Preamble.write(out, { bMsgType: ERROR_ALERT, flags, wMsgSize });
    Body.write(out, { dwErrorCode: errorCode, dwStateTransition: stateTransition });
    Blob.write(out, { wBlobType: blobType, wBlobLen: blobData.byteLength });
    out.append(blobData);
  },
});

export function readLicenseBlob(reader: Reader, field: string): LicenseBlob {
  const { wBlobType, wBlobLen } = Blob.decode(reader);
  return { type: wBlobType, data: reader.take(wBlobLen, field) };
}

export function writeLicenseBlob(out: Writer, { type, data }: LicenseBlob): void {
  Blob.write(out, { wBlobType: type, wBlobLen: data.byteLength });
  out.append(data);
}
