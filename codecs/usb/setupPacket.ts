import { codec } from '../core/message.ts';
import { struct } from './usbStructs.generated.ts';

const SPEC = { document: 'USB 2.0', section: '9.3' };

/** The 8 bytes that start every control transfer, [USB 2.0] 9.3. */
export interface SetupPacket {
  /** Bit 7: device to host; bits 5-6: type; bits 0-4: recipient. */
  readonly bmRequestType: number;
  readonly bRequest: number;
  readonly wValue: number;
  readonly wIndex: number;
  /** Bytes in the data stage. */
  readonly wLength: number;
}

const Head = struct('SetupPacket', {
  bmRequestType: 'u8',
  bRequest: 'u8',
  wValue: 'u16',
  wIndex: 'u16',
  wLength: 'u16',
});

/** Bytes of a setup packet. */
export const SETUP_PACKET_SIZE = Head.size;

export const SetupPacket = codec<SetupPacket>({
  name: 'SetupPacket',
  spec: SPEC,
  decode: (reader) => Head.decode(reader),
  write: (out, value) => Head.write(out, value),
});

/** bmRequestType's fields, [USB 2.0] table 9-2. */
export const RequestType = {
  directionIn: 0x80,
  standard: 0x00,
  class: 0x20,
  vendor: 0x40,
  typeMask: 0x60,
  device: 0,
  interface: 1,
  endpoint: 2,
  other: 3,
  recipientMask: 0x1f,
} as const;

/** bRequest of the standard requests, [USB 2.0] table 9-4; SET_ISOCH_DELAY: [USB 3.2] table 9-5. */
export const StandardRequest = {
  GET_STATUS: 0,
  CLEAR_FEATURE: 1,
  SET_FEATURE: 3,
  SET_ADDRESS: 5,
  GET_DESCRIPTOR: 6,
  SET_DESCRIPTOR: 7,
  GET_CONFIGURATION: 8,
  SET_CONFIGURATION: 9,
  GET_INTERFACE: 10,
  SET_INTERFACE: 11,
  SYNCH_FRAME: 12,
  SET_ISOCH_DELAY: 49,
} as const;

/** wValue of SET_FEATURE and CLEAR_FEATURE, [USB 2.0] table 9-6. */
export const FeatureSelector = { ENDPOINT_HALT: 0, DEVICE_REMOTE_WAKEUP: 1, TEST_MODE: 2 } as const;
