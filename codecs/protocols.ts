import type { Protocol, ProtocolMessage } from './core/protocol.ts';
import { CSSP_PROTOCOL } from './cssp/csspProtocol.ts';
import { DVC_PROTOCOL } from './dvc/dvcProtocol.ts';
import { NTLM_PROTOCOL } from './ntlm/ntlmProtocol.ts';
import { RDP_PROTOCOL } from './rdp/rdpProtocol.ts';
import { SPNEGO_PROTOCOL } from './spnego/spnegoProtocol.ts';
import { RESUME_PROTOCOL } from './resume/resumeProtocol.ts';
import { SVC_PROTOCOL } from './svc/svcProtocol.ts';
import { TS_URB_PROTOCOL } from './urbdrc/tsUrb/tsUrbProtocol.ts';
import { TS_URB_RESULT_PROTOCOL } from './urbdrc/tsUrbResult/tsUrbResultProtocol.ts';
import { URBDRC_PROTOCOL } from './urbdrc/urbdrcProtocol.ts';
import { USB_PROTOCOL } from './usb/usbProtocol.ts';
import { USBIP_PROTOCOL } from './usbip/usbipProtocol.ts';
import { USBREDIR_PROTOCOL } from './usbredir/usbredirProtocol.ts';

/** Every layer that has codecs, from the connection up to the device; at the end how a client of RDP proves itself. */
export const PROTOCOLS: readonly Protocol[] = [
  RDP_PROTOCOL,
  SVC_PROTOCOL,
  DVC_PROTOCOL,
  URBDRC_PROTOCOL,
  TS_URB_PROTOCOL,
  TS_URB_RESULT_PROTOCOL,
  USB_PROTOCOL,
  USBIP_PROTOCOL,
  USBREDIR_PROTOCOL,
  CSSP_PROTOCOL,
  SPNEGO_PROTOCOL,
  NTLM_PROTOCOL,
  RESUME_PROTOCOL,
];

/** The protocol of that name. */
export function protocolNamed(name: string): Protocol | undefined {
  return PROTOCOLS.find((protocol) => protocol.name === name);
}

/** The message of that name, in any case, and its protocol. Those of `first` are looked at before the others. */
export function messageNamed(
  name: string,
  first?: Protocol,
): { readonly protocol: Protocol; readonly message: ProtocolMessage } | undefined {
  const wanted = name.toUpperCase();
  for (const protocol of first === undefined ? PROTOCOLS : [first, ...PROTOCOLS]) {
    const message = protocol.messages.find((each) => each.name.toUpperCase() === wanted);
    if (message !== undefined) return { protocol, message };
  }
  return undefined;
}
