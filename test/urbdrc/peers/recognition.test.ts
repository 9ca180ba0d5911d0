import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { decodeClientMessage, decodeServerMessage } from '../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../codecs/urbdrc/deviceSink.ts';
import { interfaceSelected, type PeerEvidence } from '../../../src/urbdrc/peers/evidence.ts';
import { RecognisedPeer } from '../../../src/urbdrc/peers/recognisedPeer.ts';
import { PEER_PROFILES, type PeerName, type PeerSettings } from '../../../src/urbdrc/peers/profiles.ts';
import { isOfFreerdp2, loadCaptures, type CapturedMessage } from '../../codecs/urbdrc/captures.ts';
import { decodeErrorOf } from '../../codecs/vectors.ts';
import { announcementOf, configuration, identity } from '../session/pair.ts';

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url));

/** The ADD_DEVICE of test-vectors/urbdrc/ADD_DEVICE. */
function vector(name: string): AddDevice {
  const path = new URL(`../../../test-vectors/urbdrc/ADD_DEVICE/${name}.json`, import.meta.url);
  const { hex } = JSON.parse(readFileSync(path, 'utf8')) as { hex: string };
  const message = decodeClientMessage(fromHex(hex), {});
  if (message.name !== 'ADD_DEVICE') throw new Error(message.name);
  return message;
}

const FREERDP = vector('freerdp-stick');
const IRONRDP = vector('like-ironrdp');
const MSTSC = vector('like-mstsc');

const announced = (device: AddDevice, channelRequest?: number): PeerEvidence => ({
  type: 'announced',
  device,
  channelRequest,
});
const selected = (isTooLong: boolean, padding = 0): PeerEvidence => ({ type: 'interfaceSelected', isTooLong, padding });
const outCompleted = (withData: boolean): PeerEvidence => ({ type: 'outCompleted', withData });

function recognise(...evidences: PeerEvidence[]): PeerName {
  const peer = new RecognisedPeer();
  for (const evidence of evidences) peer.learn(evidence);
  return peer.profile.name;
}

const ROWS: readonly (readonly [string, PeerName, readonly PeerEvidence[]])[] = [
  ['nothing was announced yet', 'generic', []],
  ['ids of FreeRDP', 'freerdp', [announced(FREERDP, 5)]],
  ['ids of FreeRDP, and nobody saw the channel being asked for', 'freerdp', [announced(FREERDP)]],
  ['bus and port of several digits', 'freerdp', [announced(withId('5c31322d-3132-3300-0000-000000000000'), 5)]],
  ['an answer to SELECT_INTERFACE that is too long', 'freerdp-3.14-3.22', [announced(FREERDP, 5), selected(true)]],
  ['an answer with the function in the Padding', 'freerdp-2.x', [announced(FREERDP, 5), selected(false, 1)]],
  ['an answer as it should be', 'freerdp-3.23-3.30', [announced(FREERDP, 5), selected(false)]],
  ['OUT without data', 'freerdp-after-3.30', [announced(FREERDP, 5), outCompleted(false)]],
  ['the same after a selection', 'freerdp-after-3.30', [announced(FREERDP, 5), selected(false), outCompleted(false)]],
  ['a selection after the same', 'freerdp-after-3.30', [announced(FREERDP, 5), outCompleted(false), selected(false)]],
  ['OUT with data tells nothing new', 'freerdp', [announced(FREERDP, 5), outCompleted(true)]],
  [
    'a version is not changed any more',
    'freerdp-2.x',
    [announced(FREERDP, 5), selected(false, 1), outCompleted(false)],
  ],
  ['channels are asked for with MessageId 0', 'ironrdp', [announced(FREERDP, 0)]],
  ['UsbDevice 4', 'ironrdp', [announced({ ...FREERDP, usbDevice: 4 })]],
  ['USB 2.0 at full speed, channels numbered', 'freerdp-after-3.30', [announced({ ...IRONRDP, usbDevice: 5 }, 5)]],
  [
    'the same, and nobody saw the channel being asked for',
    'freerdp-after-3.30',
    [announced({ ...IRONRDP, usbDevice: 5 })],
  ],
  [
    'USB 1.1 at full speed',
    'freerdp',
    [announced(withCapability({ supportedUsbVersion: 0x110, deviceIsHighSpeed: 0 }), 5)],
  ],
  ['ids of IronRDP', 'ironrdp', [announced(IRONRDP, 0)]],
  [
    'the connection ends instead of an answer to the exchange, and channels are asked for with MessageId 0',
    'ironrdp-before-1711',
    [{ type: 'leftInExchange', channelRequest: 0 }],
  ],
  ['the same with numbered channels', 'generic', [{ type: 'leftInExchange', channelRequest: 5 }]],
  [
    'a known client that leaves there is what it was',
    'freerdp',
    [announced(FREERDP, 5), { type: 'leftInExchange', channelRequest: 0 }],
  ],
  ['IronRDP has no versions', 'ironrdp', [announced(IRONRDP, 0), selected(true), outCompleted(false)]],
  ['ids of Windows and UsbDevice 0', 'mstsc', [announced(MSTSC, 0)]],
  ['ids of Windows and another UsbDevice', 'generic', [announced({ ...MSTSC, usbDevice: 5 }, 0)]],
  ['UsbDevice 0 and other ids', 'generic', [announced({ ...MSTSC, deviceInstanceId: 'X' }, 0)]],
  [
    'another jitter buffer than of FreeRDP',
    'generic',
    [announced(withCapability({ noAckIsochWriteJitterBufferSizeInMs: 50 }), 5)],
  ],
  ['braces around the id', 'generic', [announced(withId('{5c312d31-0000-0000-0000-000000000000}'), 5)]],
  ['another text in the id', 'generic', [announced(withId('5c61612d-3100-0000-0000-000000000000'), 5)]],
  ['the first device tells', 'generic', [announced({ ...MSTSC, usbDevice: 5 }, 0), announced(FREERDP, 5)]],
];

function withId(deviceInstanceId: string): AddDevice {
  return { ...FREERDP, deviceInstanceId };
}

function withCapability(different: Partial<AddDevice['usbDeviceCapabilities']>): AddDevice {
  return { ...FREERDP, usbDeviceCapabilities: { ...FREERDP.usbDeviceCapabilities, ...different } };
}

describe('recognising a client', () => {
  for (const [what, name, evidences] of ROWS) {
    it(`${what}: ${name}`, () => expect(recognise(...evidences)).to.equal(name));
  }

  it('reaches every profile but the one that must be asked for', () => {
    const reached = new Set(ROWS.map(([, name]) => name));
    const missed = PEER_PROFILES.filter(({ name }) => !reached.has(name)).map(({ name }) => name);
    expect(missed).to.deep.equal(['strict']);
  });

  it('is not tried where somebody has said what the client is', () => {
    const peer = new RecognisedPeer('generic');
    expect(peer.learn(announced(FREERDP, 5))).to.equal(undefined);
    expect(peer.profile.name).to.equal('generic');
    expect(new RecognisedPeer('strict').awaits('outCompleted')).to.be.false;
  });

  it('tells a new profile once, and stops looking where nothing can follow', () => {
    const peer = new RecognisedPeer();
    expect(peer.awaits('announced')).to.be.true;
    expect(peer.learn(announced(FREERDP, 5))?.name).to.equal('freerdp');
    expect(peer.learn(announced(FREERDP, 5))).to.equal(undefined);
    expect(peer.awaits('outCompleted')).to.be.true;
    peer.learn(outCompleted(true));
    expect(peer.awaits('outCompleted')).to.be.false;
    expect(peer.learn(selected(false, 1))?.name).to.equal('freerdp-2.x');
    expect(peer.awaits('interfaceSelected')).to.be.false;
  });

  it('refuses a name that nobody has', () => {
    // From JavaScript anything may come.
    expect(() => new RecognisedPeer('rdesktop' as PeerName)).to.throw(
      UsageError,
      'there is no rdesktop, only ironrdp, freerdp, ',
    );
  });

  it('never takes our own client for another one, whatever its devices are', () => {
    const text = fc.string({ maxLength: 40 });
    const own = fc.record({
      serialNumber: fc.option(fc.oneof(text, fc.constant('5c312d31-0000-0000-0000-000000000000')), { nil: undefined }),
      portPath: fc.oneof(text, fc.constantFrom('1-1', '2-3.4')),
      usbVersion: fc.constantFrom(0x100, 0x110, 0x200, 0x210, 0x300, 0x320),
      speed: fc.constantFrom('low', 'full', 'high', 'super', 'superPlus'),
    });
    fc.assert(
      fc.property(own, fc.integer({ min: 5, max: 0x3fff_ffff }), ({ serialNumber, ...rest }, usbDevice) => {
        const device = { ...identity, ...rest, ...(serialNumber === undefined ? {} : { serialNumber }) };
        const { addDevice } = announcementOf(device, configuration, usbDevice);
        const message = { name: 'ADD_DEVICE', interfaceId: 1, messageId: 0, ...addDevice } as const;
        for (const request of [0, usbDevice]) expect(recognise(announced(message, request))).to.equal('generic');
      }),
    );
  });
});

/** What a server learns of its client in a session, and what the session showed of it. */
function recogniseRecorded(messages: readonly CapturedMessage[]) {
  const peer = new RecognisedPeer();
  const functions = new Map<string, number>();
  const registered = new Map<number, number>();
  let channelRequest: number | undefined;
  let selections = 0;
  let devices = 0;
  for (const { from, channel, bytes } of messages) {
    decodeErrorOf(() => {
      if (from === 'server') {
        const message = decodeServerMessage(bytes, { lenient: true });
        if ('tsUrb' in message) functions.set(`${channel}:${message.tsUrb.requestId}`, message.tsUrb.urbFunction);
        if (message.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion !== undefined) {
          registered.set(channel, message.requestCompletion);
        }
        return;
      }
      const urbFunction = (requestId: number) => functions.get(`${channel}:${requestId}`);
      const requestCompletion = registered.get(channel);
      const context = requestCompletion === undefined ? { urbFunction } : { urbFunction, requestCompletion };
      const message = decodeClientMessage(bytes, context, { lenient: true });
      if (message.name === 'ADD_VIRTUAL_CHANNEL') channelRequest ??= message.messageId;
      if (message.name === 'ADD_DEVICE') {
        devices += 1;
        peer.learn(announced(message, channelRequest));
      }
      if (message.name === 'URB_COMPLETION_NO_DATA' && message.outputBufferSize > 0) peer.learn(outCompleted(false));
      if ('tsUrbResult' in message && message.tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT') {
        selections += 1;
        peer.learn(interfaceSelected(bytes, message.tsUrbResult));
      }
    });
  }
  return { name: peer.profile.name, devices, selections };
}

describe('the recorded sessions of FreeRDP 2.11.7', () => {
  const captures = loadCaptures().filter(({ scenario }) => isOfFreerdp2(scenario));
  for (const { scenario, messages } of captures) {
    it(`${scenario}: it is recognised by its first device, and its version by the first selection`, () => {
      const { name, devices, selections } = recogniseRecorded(messages);
      expect(devices).to.be.above(0);
      expect(name).to.equal(selections === 0 ? 'freerdp' : 'freerdp-2.x');
    });
  }

  it('have a selection among them', () => {
    expect(captures.map(({ scenario }) => scenario)).to.include('audio');
  });
});

describe('the recorded sessions of other clients', () => {
  const EXPECTED: Readonly<Record<string, PeerName>> = {
    '3.10.3-liveAudio': 'freerdp-2.x',
    '3.15.0-liveAudio': 'freerdp-3.14-3.22',
    // Nothing that would tell the version happens in these.
    '3.15.0-serveCancel': 'freerdp',
    '3.15.0-serveIdle': 'freerdp',
    '3.33.1-serveCancel': 'freerdp',
    '3.33.1-serveIdle': 'freerdp',
    '3.33.1-liveAudio': 'freerdp-after-3.30',
    '3.33.1-liveSerial': 'freerdp-after-3.30',
    '3.33.1-serveKilled': 'freerdp-after-3.30',
    '3.33.1-serveRead': 'freerdp-after-3.30',
    '3.33.1-serveReplug': 'freerdp-after-3.30',
    '3.33.1-serveUnanswered': 'freerdp-after-3.30',
    'ironrdp-client-exchanged': 'ironrdp',
    // It left before it announced anything.
    'ironrdp-client-strict': 'generic',
    // Our own client.
    'ironrdp-server-audio': 'generic',
  };
  const captures = loadCaptures().filter(({ scenario }) => !isOfFreerdp2(scenario));

  for (const { scenario, messages } of captures) {
    it(`${scenario}: ${EXPECTED[scenario] ?? '?'}`, () => {
      expect(recogniseRecorded(messages).name).to.equal(EXPECTED[scenario]);
    });
  }
});

describe('the profiles', () => {
  it('believe the speed that FreeRDP tells after 3.30, and not before (docs/interop.md)', () => {
    const believed = PEER_PROFILES.filter(
      ({ name, settings }) => name.startsWith('freerdp') && settings.deviceIsHighSpeed === 'isSpeed',
    );
    expect(believed.map(({ name }) => name)).to.deep.equal(['freerdp-after-3.30']);
  });

  it('have no setting that is the same for all', () => {
    const [first] = PEER_PROFILES;
    const keys = Object.keys(first!.settings) as (keyof PeerSettings)[];
    const same = keys.filter((key) => new Set(PEER_PROFILES.map(({ settings }) => settings[key])).size === 1);
    expect(same).to.deep.equal([]);
  });

  it('have settings that are asked for in one place each, where docs/peer-profiles.md says', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.ts') && path !== 'peers/profiles.ts');
    const texts = new Map(files.map((path) => [`src/${path}`, readFileSync(SOURCES + path, 'utf8')]));
    const page = readFileSync(`${SOURCES}../docs/peer-profiles.md`, 'utf8');
    for (const key of Object.keys(PEER_PROFILES[0]!.settings)) {
      const asks = new RegExp(`settings\\.${key}\\b|\\{ ${key}\\b.* \\} = .*settings;`, 'g');
      const places = [...texts].flatMap(([path, text]) => [...text.matchAll(asks)].map(() => path));
      const [, stated] = new RegExp(`^\\| \`${key}\` \\|.*\\| \`(src/.*)\` \\|$`, 'm').exec(page) ?? [];
      expect(places, key).to.deep.equal([stated]);
    }
  });

  it('have names of their own', () => {
    expect(new Set(PEER_PROFILES.map(({ name }) => name)).size).to.equal(PEER_PROFILES.length);
    expect(new Set(PEER_PROFILES.map(({ title }) => title)).size).to.equal(PEER_PROFILES.length);
  });
});
