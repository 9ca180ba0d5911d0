import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { PeerEvidence } from './evidence.ts';

/**
 * Behaviour of the server that depends on the kind of client. Each setting is used in one place. Tolerance that harms no
 * client applies to all and is no setting (docs/interop.md).
 */
export interface PeerSettings {
  /**
   * `lenient`: bytes after the last field and the known mistakes of real peers are overlooked. `strict`: a message with
   * them is malformed, and the request that it answers fails.
   */
  readonly reading: 'lenient' | 'strict';
  /** An OUT request answered with URB_COMPLETION. `refused`: reported, and the request fails. */
  readonly outCompletionWithData: 'accepted' | 'refused';
  /** UsbdStatus 1 to 6, which are libusb's statuses and no USBD_STATUS. `refused`: reported, and the request fails. */
  readonly libusbStatus: 'understood' | 'refused';
  /** More bytes from an IO control than were asked for. `refused`: the channel is closed, [MS-RDPEUSB] 3.2.5.4.1. */
  readonly ioControlSurplus: 'cut' | 'refused';
  /** `isSpeed`: as the specification says. `isVersion`: it tells only that bcdUSB is 2.00 or more. */
  readonly deviceIsHighSpeed: 'isSpeed' | 'isVersion';
  /** A bulk or interrupt read that the client ends as timed out, without data. */
  readonly idleReads: 'sentAgain' | 'ended';
  /** OutputBufferSize of a PIPE_REQUEST, bytes. The specification says 0. */
  readonly pipeRequestOutputBufferSize: 0 | 36;
  /** RESET_PORT and CYCLE_PORT. `refused`: not sent, for the client would report a success and do nothing. */
  readonly portControls: 'sent' | 'refused';
  /**
   * How a device channel begins. `channelCreated`: without the capability exchange of [MS-RDPEUSB] 3.2.5.5.1, over which
   * the client would end the connection.
   */
  readonly deviceChannelOpening: 'capabilities' | 'channelCreated';
  /**
   * When the notification interface is released, which is the client's go-ahead. `withCreated`: in the turn of
   * CHANNEL_CREATED. `afterAnswer`: when the client's CHANNEL_CREATED has come, one round trip later.
   */
  readonly openingRelease: 'withCreated' | 'afterAnswer';
  /** After CANCEL_REQUEST. `endHere`: the request ends at once, because the client never answers a cancelled one. */
  readonly cancelledRequests: 'awaited' | 'endHere';
  /**
   * A bulk or interrupt transfer for which CANCEL_REQUEST was sent, and which succeeds without having moved a byte of
   * those that were asked for. `cancelled`: that is how the client answers a cancelled transfer.
   */
  readonly emptyAfterCancel: 'completed' | 'cancelled';
  /**
   * How long the client may take over what a device does at once or never (control, selections, IO controls) before
   * CANCEL_REQUEST is sent, ms.
   */
  readonly controlWatchdog: number;
  /**
   * Whether that also holds for a control request to which the program set no limit: the client ends it early or never
   * answers it. Otherwise it has all the time that the device needs, which may be minutes.
   */
  readonly controlsBounded: boolean;
  /** The client does such requests one after the other, so each that is ahead adds its time. */
  readonly controlsOneByOne: boolean;
  /** The same for a bulk, interrupt or isochronous transfer. Undefined: no limit, because a device may take for ever. */
  readonly transferWatchdog: number | undefined;
  /**
   * Whether reads are sent before the host asks for them. `ifAnnounced`: to a client that says that it keeps the order of
   * transfers, as ours does. Others would hand them to the device at once.
   */
  readonly overlap: 'ifAnnounced' | 'never';
}

/** Name of a profile. */
export type PeerName =
  | 'ironrdp'
  | 'ironrdp-before-1711'
  | 'freerdp'
  | 'freerdp-2.x'
  | 'freerdp-3.14-3.22'
  | 'freerdp-3.23-3.30'
  | 'freerdp-after-3.30'
  | 'mstsc'
  | 'generic'
  | 'strict';

/** A kind of client. */
export interface PeerProfile {
  /** Name by which people choose the profile. */
  readonly name: PeerName;
  /** For people, as in "the client is ...". */
  readonly title: string;
  /** What is done differently for it. */
  readonly settings: PeerSettings;
  /** How it is told from others, for people; undefined for what only a user can choose. */
  readonly recognisedBy: string | undefined;
  /** How the client is told from others: any of them. */
  readonly recognition: readonly PeerRecognition[];
}

/** How a client is recognised. */
export interface PeerRecognition {
  /** Profiles that this one can replace. */
  readonly after: readonly PeerName[];
  /** What it looks at. */
  readonly evidence: PeerEvidence['type'];
  /** Whether the evidence is that of this client. */
  readonly matches: (evidence: PeerEvidence) => boolean;
}

/** For clients that are not known: tolerant where that harms no other client, and with long timeouts. */
const GENERIC: PeerSettings = {
  reading: 'lenient',
  outCompletionWithData: 'accepted',
  libusbStatus: 'understood',
  ioControlSurplus: 'cut',
  deviceIsHighSpeed: 'isSpeed',
  idleReads: 'sentAgain',
  pipeRequestOutputBufferSize: 0,
  portControls: 'sent',
  deviceChannelOpening: 'capabilities',
  openingRelease: 'withCreated',
  cancelledRequests: 'awaited',
  emptyAfterCancel: 'completed',
  controlWatchdog: 30_000,
  controlsBounded: false,
  controlsOneByOne: false,
  overlap: 'ifAnnounced',
  transferWatchdog: undefined,
};

/**
 * Of any version. It gives a control request 2 seconds on the bus (and the kernel gives SELECT_CONFIGURATION 5, which the
 * time after CANCEL_REQUEST covers); a bulk or interrupt transfer ends by itself after 10 seconds, an isochronous one
 * after 2. What takes longer is never answered.
 */
const FREERDP: PeerSettings = {
  ...GENERIC,
  deviceIsHighSpeed: 'isVersion',
  pipeRequestOutputBufferSize: 36,
  portControls: 'refused',
  emptyAfterCancel: 'cancelled',
  controlWatchdog: 4000,
  controlsBounded: true,
  controlsOneByOne: true,
  transferWatchdog: 12_000,
};

/** Up to 3.13. It gives cancelled transfers a status of their own, and answers every PIPE_REQUEST. */
const FREERDP_EARLY: PeerSettings = { ...FREERDP, pipeRequestOutputBufferSize: 0, emptyAfterCancel: 'completed' };

/** Of 3.23 and later. It answers every PIPE_REQUEST. */
const FREERDP_LATE: PeerSettings = { ...FREERDP, pipeRequestOutputBufferSize: 0 };

/** That it takes the go-ahead together with CHANNEL_CREATED has not been tried. */
const MSTSC: PeerSettings = { ...GENERIC, openingRelease: 'afterAnswer' };

const IRONRDP: PeerSettings = { ...GENERIC, cancelledRequests: 'endHere' };

/** The first row that matches an evidence wins. */
export const PEER_PROFILES: readonly PeerProfile[] = [
  {
    name: 'ironrdp',
    title: 'IronRDP',
    settings: IRONRDP,
    recognisedBy: 'ADD_DEVICE as from FreeRDP, but its ADD_VIRTUAL_CHANNEL had MessageId 0, or UsbDevice is 4',
    recognition: [
      {
        after: ['generic'],
        evidence: 'announced',
        matches: (evidence) => announcesLikeFreerdp(evidence) && differsFromFreerdp(evidence),
      },
    ],
  },
  {
    name: 'freerdp',
    title: 'FreeRDP',
    settings: FREERDP,
    recognisedBy:
      'ADD_DEVICE: DeviceInstanceId is `\\` and bus-port in hexadecimal, as a GUID without braces; UsbBusInterfaceVersion is 2 and NoAckIsochWriteJitterBufferSizeInMs 80',
    recognition: [
      {
        after: ['generic'],
        evidence: 'announced',
        matches: (evidence) => announcesLikeFreerdp(evidence) && !announcesLikeLateFreerdp(evidence),
      },
    ],
  },
  {
    name: 'freerdp-3.14-3.22',
    title: 'FreeRDP 3.14 to 3.22',
    settings: { ...FREERDP, emptyAfterCancel: 'completed' },
    recognisedBy: 'FreeRDP, whose answer to SELECT_INTERFACE is too long',
    recognition: [
      {
        after: ['freerdp'],
        evidence: 'interfaceSelected',
        matches: (evidence) => evidence.type === 'interfaceSelected' && evidence.isTooLong,
      },
    ],
  },
  {
    name: 'freerdp-2.x',
    title: 'FreeRDP 2.x to 3.13',
    settings: FREERDP_EARLY,
    recognisedBy: 'FreeRDP, in whose answer to SELECT_INTERFACE the Padding is the URB function',
    recognition: [
      {
        after: ['freerdp'],
        evidence: 'interfaceSelected',
        matches: (evidence) =>
          evidence.type === 'interfaceSelected' && evidence.padding === UrbFunction.URB_FUNCTION_SELECT_INTERFACE,
      },
    ],
  },
  {
    name: 'freerdp-3.23-3.30',
    title: 'FreeRDP 3.23 or later',
    settings: FREERDP_LATE,
    recognisedBy: 'FreeRDP, whose answer to SELECT_INTERFACE is as it should be',
    recognition: [
      {
        after: ['freerdp'],
        evidence: 'interfaceSelected',
        matches: (evidence) => evidence.type === 'interfaceSelected',
      },
    ],
  },
  {
    name: 'freerdp-after-3.30',
    title: 'FreeRDP after 3.30',
    settings: { ...FREERDP_LATE, deviceIsHighSpeed: 'isSpeed', outCompletionWithData: 'refused' },
    recognisedBy:
      'FreeRDP, whose first device is of USB 2.0 and not called high-speed, or that answers an OUT request without sending the data back',
    recognition: [
      { after: ['generic'], evidence: 'announced', matches: announcesLikeLateFreerdp },
      {
        after: ['freerdp', 'freerdp-3.23-3.30'],
        evidence: 'outCompleted',
        matches: (evidence) => evidence.type === 'outCompleted' && !evidence.withData,
      },
    ],
  },
  {
    name: 'ironrdp-before-1711',
    title: 'IronRDP before its pull request 1711',
    settings: { ...IRONRDP, deviceChannelOpening: 'channelCreated' },
    recognisedBy:
      'ADD_VIRTUAL_CHANNEL with MessageId 0, and the end of the connection instead of an answer to the capability exchange on a device channel: too late for this connection, so name it for the next one',
    recognition: [
      {
        after: ['generic'],
        evidence: 'leftInExchange',
        matches: (evidence) => evidence.type === 'leftInExchange' && evidence.channelRequest === 0,
      },
    ],
  },
  {
    name: 'mstsc',
    title: 'mstsc',
    settings: MSTSC,
    recognisedBy: 'ADD_DEVICE: UsbDevice is 0 and DeviceInstanceId that of a USB device in Windows',
    recognition: [{ after: ['generic'], evidence: 'announced', matches: announcesLikeMstsc }],
  },
  {
    name: 'generic',
    title: 'no client that is known',
    settings: GENERIC,
    recognisedBy: 'whoever is none of these; our own client too',
    recognition: [],
  },
  {
    name: 'strict',
    title: 'held to the specification',
    settings: {
      ...GENERIC,
      reading: 'strict',
      outCompletionWithData: 'refused',
      libusbStatus: 'refused',
      ioControlSurplus: 'refused',
      idleReads: 'ended',
      overlap: 'never',
      openingRelease: 'afterAnswer',
    },
    recognisedBy: undefined,
    recognition: [],
  },
];

export const PEER_NAMES: readonly PeerName[] = PEER_PROFILES.map(({ name }) => name);

/** `\`, bus number, `-`, port number and zeros: 16 bytes in the form of a GUID. */
const INSTANCE_ID = /^5c(3\d){1,3}2d(3\d){1,3}(00)+$/;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** FreeRDP's first UsbDevice; it counts up. */
const FIRST_USB_DEVICE = 5;
const USB_2_0 = 0x200;

function announcesLikeFreerdp(evidence: PeerEvidence): boolean {
  if (evidence.type !== 'announced') return false;
  const { deviceInstanceId, usbDeviceCapabilities: capabilities } = evidence.device;
  return (
    GUID.test(deviceInstanceId) &&
    INSTANCE_ID.test(deviceInstanceId.replaceAll('-', '')) &&
    capabilities.usbBusInterfaceVersion === 2 &&
    capabilities.noAckIsochWriteJitterBufferSizeInMs === 80
  );
}

/** FreeRDP numbers channel requests like devices, from 5. IronRDP does not number them, and its devices count from 4. */
function differsFromFreerdp(evidence: PeerEvidence): boolean {
  if (evidence.type !== 'announced') return false;
  return evidence.channelRequest === 0 || evidence.device.usbDevice < FIRST_USB_DEVICE;
}

/** FreeRDP up to 3.30 calls every device of USB 2.0 and later high-speed. */
function announcesLikeLateFreerdp(evidence: PeerEvidence): boolean {
  if (evidence.type !== 'announced' || !announcesLikeFreerdp(evidence)) return false;
  const { supportedUsbVersion, deviceIsHighSpeed } = evidence.device.usbDeviceCapabilities;
  return supportedUsbVersion >= USB_2_0 && deviceIsHighSpeed === 0;
}

function announcesLikeMstsc(evidence: PeerEvidence): boolean {
  if (evidence.type !== 'announced') return false;
  const { usbDevice, deviceInstanceId } = evidence.device;
  return usbDevice === 0 && /^USB\\VID_[0-9A-F]{4}&PID_[0-9A-F]{4}/i.test(deviceInstanceId);
}
