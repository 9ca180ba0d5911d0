import type { SpecRef } from '../core/errors.ts';
import { OpRepDevlist, OpRepImport, OpReqDevlist, OpReqImport } from './operations.ts';
import { CmdSubmit, RET_SUBMIT_SPEC } from './submit.ts';
import { CmdUnlink, RetUnlink } from './unlink.ts';

/** One message of USB/IP, for tables and tests. The client is who imports devices, the server who exports them. */
export interface UsbipMessageEntry {
  readonly name: string;
  readonly spec: SpecRef;
  readonly from: 'client' | 'server';
}

/** All of codecs/usbip, in the documentation's order. */
export const USBIP_MESSAGES: readonly UsbipMessageEntry[] = [
  { name: OpReqDevlist.name, spec: OpReqDevlist.spec, from: 'client' },
  { name: OpRepDevlist.name, spec: OpRepDevlist.spec, from: 'server' },
  { name: OpReqImport.name, spec: OpReqImport.spec, from: 'client' },
  { name: OpRepImport.name, spec: OpRepImport.spec, from: 'server' },
  { name: CmdSubmit.name, spec: CmdSubmit.spec, from: 'client' },
  { name: 'USBIP_RET_SUBMIT', spec: RET_SUBMIT_SPEC, from: 'server' },
  { name: CmdUnlink.name, spec: CmdUnlink.spec, from: 'client' },
  { name: RetUnlink.name, spec: RetUnlink.spec, from: 'server' },
];

/** Properties of values that hold bytes, for `fromJson`. */
export const USBIP_BYTE_PROPERTIES: ReadonlySet<string> = new Set(['setup', 'transferBuffer']);
