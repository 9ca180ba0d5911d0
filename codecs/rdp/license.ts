import type { Codec } from '../core/message.ts';
import { byteLength } from '../core/parts.ts';
import { struct } from './rdpStructs.generated.ts';

/** A licensing error message behind its security header, [MS-RDPBCGR] 2.2.1.12: mostly it says that all is well. */
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

const ERROR_ALERT = 0xff;
const Preamble = struct('LICENSE_ERROR_MESSAGE', { bMsgType: 'u8', flags: 'u8', wMsgSize: 'u16' });
const Body = struct('LICENSE_ERROR_MESSAGE', { dwErrorCode: 'u32', dwStateTransition: 'u32' });
const Blob = struct('LICENSE_ERROR_MESSAGE', { wBlobType: 'u16', wBlobLen: 'u16' });

export const LicenseErrorMessage: Codec<LicenseErrorMessage> = {
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
  encode({ flags, errorCode, stateTransition, blobType, blobData }) {
    const body = [
      Body.encode({ dwErrorCode: errorCode, dwStateTransition: stateTransition }),
      Blob.encode({ wBlobType: blobType, wBlobLen: blobData.byteLength }),
      blobData,
    ];
    return [Preamble.encode({ bMsgType: ERROR_ALERT, flags, wMsgSize: Preamble.size + byteLength(body) }), ...body];
  },
};
