import type { SpecRef } from '../core/errors.ts';
import { codec, type Codec } from '../core/message.ts';
import type { FieldTable, FieldValues } from '../core/struct.ts';
import { struct } from './rdpStructs.generated.ts';

/** pduType2 of TS_DATA_PDU, [MS-RDPBCGR] 2.2.8.1.1.1.2, of what occurs between a client and this server. */
export const PduType2 = {
  PDUTYPE2_UPDATE: 0x02,
  PDUTYPE2_CONTROL: 0x14,
  PDUTYPE2_POINTER: 0x1b,
  PDUTYPE2_INPUT: 0x1c,
  PDUTYPE2_SYNCHRONIZE: 0x1f,
  PDUTYPE2_REFRESH_RECT: 0x21,
  PDUTYPE2_SUPPRESS_OUTPUT: 0x23,
  PDUTYPE2_SHUTDOWN_REQUEST: 0x24,
  PDUTYPE2_SHUTDOWN_DENIED: 0x25,
  PDUTYPE2_SAVE_SESSION_INFO: 0x26,
  PDUTYPE2_FONTLIST: 0x27,
  PDUTYPE2_FONTMAP: 0x28,
  PDUTYPE2_BITMAPCACHE_PERSISTENT_LIST: 0x2b,
  PDUTYPE2_SET_ERROR_INFO_PDU: 0x2f,
} as const;

/** action of TS_CONTROL_PDU, [MS-RDPBCGR] 2.2.1.15.1. */
export const ControlAction = {
  CTRLACTION_REQUEST_CONTROL: 1,
  CTRLACTION_GRANTED_CONTROL: 2,
  CTRLACTION_DETACH: 3,
  CTRLACTION_COOPERATE: 4,
} as const;

/** errorInfo of TS_SET_ERROR_INFO_PDU, [MS-RDPBCGR] 2.2.5.1.1: why a server ends a session. */
export const ErrorInfo = {
  ERRINFO_NONE: 0x00000000,
  ERRINFO_RPC_INITIATED_DISCONNECT: 0x00000001,
  ERRINFO_IDLE_TIMEOUT: 0x00000003,
  ERRINFO_SERVER_DENIED_CONNECTION: 0x00000007,
  ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES: 0x00000009,
  ERRINFO_LOGOFF_BY_USER: 0x0000000c,
} as const;

interface NumbersLayout<F extends FieldTable> {
  readonly name: string;
  /** Of [MS-RDPBCGR]. */
  readonly section: string;
  readonly fields: F;
}

/** A data PDU of numbers only: its own fields follow TS_SHAREDATAHEADER. */
function numbers<const F extends FieldTable>(layout: NumbersLayout<F>): Codec<FieldValues<F>> {
  const { name, section, fields } = layout;
  const spec: SpecRef = { document: 'MS-RDPBCGR', section };
  const body = struct(name, fields);
  return codec({
    name,
    spec,
    decode(reader) {
      const value = body.decode(reader);
      reader.end();
      return value;
    },
    write: (out, value) => body.write(out, value),
  });
}

/** SYNCMSGTYPE_SYNC: what messageType always is. */
export const SYNCMSGTYPE_SYNC = 1;

export const SynchronizePdu = numbers({
  name: 'TS_SYNCHRONIZE_PDU',
  section: '2.2.1.14.1',
  fields: { messageType: 'u16', targetUser: 'u16' },
});

/** `action` is of {@link ControlAction}. */
export const ControlPdu = numbers({
  name: 'TS_CONTROL_PDU',
  section: '2.2.1.15.1',
  fields: { action: 'u16', grantId: 'u16', controlId: 'u32' },
});

export const FontListPdu = numbers({
  name: 'TS_FONT_LIST_PDU',
  section: '2.2.1.18.1',
  fields: {
    numberFonts: 'u16',
    totalNumFonts: 'u16',
    listFlags: 'u16',
    entrySize: 'u16',
  },
});

export const FontMapPdu = numbers({
  name: 'TS_FONT_MAP_PDU',
  section: '2.2.1.22.1',
  fields: {
    numberEntries: 'u16',
    totalNumEntries: 'u16',
    mapFlags: 'u16',
    entrySize: 'u16',
  },
});

/** FONTLIST_FIRST and FONTLIST_LAST together. */
export const FONTLIST_WHOLE = 3;

/** `errorInfo` is of {@link ErrorInfo}. */
export const SetErrorInfoPdu = numbers({
  name: 'TS_SET_ERROR_INFO_PDU',
  section: '2.2.5.1.1',
  fields: { errorInfo: 'u32' },
});
