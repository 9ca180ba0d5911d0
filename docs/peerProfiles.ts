import { PEER_PROFILES, type PeerSettings } from '../src/urbdrc/peers/profiles.ts';
import { code, table } from './markdown.ts';

/** What each setting is about, and in which file it is asked for. */
const SETTINGS: Readonly<Record<keyof PeerSettings, readonly [about: string, askedIn: string]>> = {
  reading: [
    'Bytes after the last field, an IOCONTROL_COMPLETION without its buffer, an answer to SELECT_INTERFACE that is too long. Read strictly, the message is malformed, and the request that it answers fails.',
    'src/urbdrc/session/server/serverChannel.ts',
  ],
  outCompletionWithData: [
    'URB_COMPLETION, with the data sent back, for an OUT request. Refused, it is reported and the request fails.',
    'src/urbdrc/session/server/deviations.ts',
  ],
  libusbStatus: [
    'UsbdStatus 1 to 6, as libusb numbers its statuses: taken for errors. Refused, it is reported and the request fails.',
    'src/urbdrc/session/server/deviations.ts',
  ],
  ioControlSurplus: [
    'An IO control that brings more bytes than were asked for. Refused, the channel is closed.',
    'src/urbdrc/session/server/deviceChannel.ts',
  ],
  deviceIsHighSpeed: [
    'DeviceIsHighSpeed is the speed of the device, or only says that bcdUSB is 2.00 or more. Then packet sizes tell the speed, or whether the device refuses its device qualifier.',
    'src/engine/serverDevice.ts',
  ],
  idleReads: [
    'A bulk or interrupt read that the client ends as timed out, without data.',
    'src/engine/serverDevice.ts',
  ],
  pipeRequestOutputBufferSize: ['OutputBufferSize of PIPE_REQUEST, bytes.', 'src/urbdrc/urb/hostUrbs.ts'],
  portControls: [
    'RESET_PORT and CYCLE_PORT, which would be reported as done and are not. Refused, the operation ends as not supported.',
    'src/urbdrc/urb/hostUrbs.ts',
  ],
  deviceChannelOpening: [
    'How a device channel begins: with the capability exchange, or at once with CHANNEL_CREATED.',
    'src/urbdrc/session/server/serverChannel.ts',
  ],
  cancelledRequests: [
    'Whether an answer to a cancelled request is waited for (`cancelGrace`).',
    'src/urbdrc/session/server/deviceChannel.ts',
  ],
  emptyAfterCancel: [
    'A bulk or interrupt transfer that was cancelled and succeeds with none of the bytes that were asked for: whether it counts as cancelled.',
    'src/engine/serverDevice.ts',
  ],
  openingRelease: [
    'Releases the notification interface together with CHANNEL_CREATED, or after the answer to it.',
    'src/urbdrc/session/server/serverChannel.ts',
  ],
  controlWatchdog: [
    'After so many ms a control request, selection or IO control is cancelled.',
    'src/engine/servedClient.ts',
  ],
  controlsBounded: [
    'Whether that also holds for a control request to which the program set no limit; otherwise it has all the time that the device needs.',
    'src/engine/servedClient.ts',
  ],
  controlsOneByOne: ['Those ahead of a request add their time to that.', 'src/engine/servedClient.ts'],
  transferWatchdog: [
    'After so many ms a bulk, interrupt or isochronous transfer is cancelled.',
    'src/engine/servedClient.ts',
  ],
  overlap: [
    'Whether reads are sent before the host asks for them, to a client that says that it keeps the order of transfers.',
    'src/engine/server.ts',
  ],
};

/** Which clients the server knows, and what it does for each. */
export function peerProfiles(): string {
  const keys = Object.keys(SETTINGS).filter((key): key is keyof PeerSettings => key in SETTINGS);
  return `# Profiles of clients

Generated from \`src/urbdrc/peers/profiles.ts\` by \`npm run docs\`: do not edit. [What clients really do](interop.md#profiles-of-clients) says why.

## Who is who

In the order in which they are tried. The first device of a connection tells, and never another one; a version shows later or not at all. \`urbdrc serve --peer NAME\` and \`RedirectionServerOptions.peer\` say it instead.

${table(
  ['Name', 'Client', 'Told by'],
  PEER_PROFILES.map(({ name, title, recognisedBy = 'nothing: it must be asked for' }) => [
    code(name),
    title,
    recognisedBy,
  ]),
)}

## What is done for whom

${table(
  ['Setting', ...PEER_PROFILES.map(({ name }) => code(name))],
  keys.map((key) => [code(key), ...PEER_PROFILES.map(({ settings }) => show(settings[key]))]),
)}

## What the settings are about

${table(
  ['Setting', '', 'Asked for in'],
  keys.map((key) => [code(key), SETTINGS[key][0], code(SETTINGS[key][1])]),
)}
`;
}

function show(value: string | number | boolean | undefined): string {
  if (value === undefined) return 'none';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
