import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { encodeWith } from '../../../codecs/core/message.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { writeBerInteger } from '../../../codecs/core/ber.ts';
import { ClientCoreData } from '../../../codecs/rdp/clientData.ts';
import { ClientInfo } from '../../../codecs/rdp/clientInfo.ts';
import { RefreshRectPdu, SuppressOutputPdu } from '../../../codecs/rdp/displayRequests.ts';
import { ConnectInitial } from '../../../codecs/rdp/mcsConnect.ts';
import { DomainMcsPdu } from '../../../codecs/rdp/mcsDomain.ts';
import { perInteger, perLength, readPerInteger, readPerLength } from '../../../codecs/rdp/per.ts';
import { RDP_PROTOCOL } from '../../../codecs/rdp/rdpProtocol.ts';
import { ServerNetworkData } from '../../../codecs/rdp/serverData.ts';
import { ServerRedirection } from '../../../codecs/rdp/serverRedirection.ts';
import { tpktHeader, tpktPayloadSize } from '../../../codecs/rdp/tpkt.ts';
import { X224ConnectionRequest } from '../../../codecs/rdp/x224.ts';
import { messageNamed, testRoundTrips, testVectors, type Vector, vectorsOf } from '../vectors.ts';

function outcome(vector: Vector, length: number) {
  const whole = fromHex(vector.hex).length;
  switch (vector.folder) {
    // What follows the header is data.
    case 'X224_DATA':
      return length >= 3 ? 'decodes' : undefined;
    case 'TS_INFO_PACKET':
      return length >= whole - (vector.value as { extraInfo: string }).extraInfo.length / 2 ? 'decodes' : undefined;
    // Optional fields at the end.
    case 'TS_UD_CS_CORE':
      return [128, 130, 132, 136, 138, 140, 142, 206, 208, 212, 216, 220, 222, 226].includes(length)
        ? 'decodes'
        : length > whole && length < 230
          ? 'TRUNCATED'
          : undefined;
    case 'TS_UD_SC_CORE':
      return length === 4 || length === 8 ? 'decodes' : length > whole && length < 12 ? 'TRUNCATED' : undefined;
    case 'TS_POINTER_CAPABILITYSET':
      return length === 4 ? 'decodes' : length === 5 ? 'TRUNCATED' : undefined;
    default:
      return undefined;
  }
}

describe('PDUs of an RDP connection', () => {
  for (const { name, spec } of RDP_PROTOCOL.messages) {
    describe(`${name} (${spec.section})`, () => {
      testVectors(vectorsOf(RDP_PROTOCOL, 'folder', { includes: (folder) => folder === name, outcome }));
    });
  }

  it('are not decoded as another one', () => {
    const attach = fromHex('28');
    expect(messageNamed(RDP_PROTOCOL, 'ATTACH_USER_REQUEST').decode(attach, {})).to.deep.equal({
      name: 'ATTACH_USER_REQUEST',
    });
    expect(() => messageNamed(RDP_PROTOCOL, 'ERECT_DOMAIN_REQUEST').decode(attach, {})).to.throw(
      DecodeError,
      'ERECT_DOMAIN_REQUEST.name: the bytes are ATTACH_USER_REQUEST (offset 0, [MS-RDPBCGR] 2.2.1.5)',
    );
  });
});

describe('round trips of RDP structures', () => {
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const user = fc.integer({ min: 1001, max: 1001 + 0xffff });
  const bytes = fc.uint8Array({ maxLength: 300 });
  const text = (maxLength: number) => fc.stringMatching(new RegExp(`^[\\x20-\\x7eäЖ]{0,${maxLength}}$`));
  const parameters = fc.record({
    maxChannelIds: u32,
    maxUserIds: u32,
    maxTokenIds: u32,
    numPriorities: u32,
    minThroughput: u32,
    maxHeight: u32,
    maxMcsPduSize: u32,
    protocolVersion: u32,
  });
  const decoder =
    (codec: { name: string; spec: Reader['spec']; decode(reader: Reader): unknown }) => (input: Uint8Array) =>
      codec.decode(new Reader(input, codec.name, codec.spec)) as never;

  testRoundTrips(
    {
      X224_CONNECTION_REQUEST: fc.record(
        {
          sourceReference: u16,
          cookie: fc.stringMatching(/^[\x20-\x7e]{1,100}$/),
          negotiation: fc.record({ flags: fc.constantFrom(0, 1, 2), requestedProtocols: u32 }),
        },
        { requiredKeys: ['sourceReference'] },
      ),
    },
    (value) => X224ConnectionRequest.encode(value),
    decoder(X224ConnectionRequest),
  );
  testRoundTrips<ServerRedirection>(
    {
      RDP_SERVER_REDIRECTION_PACKET: fc.record(
        {
          ...{ sessionId: u32, redirFlags: fc.constantFrom(0, 0x20, 0x80, 0x4040, 0x80000000) },
          ...{ targetNetAddress: text(50), userName: text(50), domain: text(50), targetFqdn: text(50) },
          ...{ targetNetBiosName: text(50), loadBalanceInfo: bytes, passwordBytes: bytes, tsvUrl: bytes },
          ...{ redirectionGuid: bytes, targetCertificate: bytes, targetNetAddresses: fc.array(text(50)) },
        },
        { requiredKeys: ['sessionId', 'redirFlags'] },
      ),
    },
    (value) => ServerRedirection.encode(value),
    decoder(ServerRedirection),
  );
  testRoundTrips(
    {
      CONNECT_INITIAL: fc.record({
        callingDomainSelector: bytes,
        calledDomainSelector: bytes,
        upwardFlag: fc.boolean(),
        targetParameters: parameters,
        minimumParameters: parameters,
        maximumParameters: parameters,
        userData: bytes,
      }),
    },
    (value) => ConnectInitial.encode(value),
    decoder(ConnectInitial),
  );
  const name = <const T extends DomainMcsPdu['name']>(value: T) => ({ name: fc.constant(value) });
  const sent = { initiator: user, channelId: u16, userData: fc.uint8Array({ maxLength: 0x3fff, size: 'max' }) };
  testRoundTrips<DomainMcsPdu>(
    {
      ERECT_DOMAIN_REQUEST: fc.record({ ...name('ERECT_DOMAIN_REQUEST'), subHeight: u32, subInterval: u32 }),
      ATTACH_USER_CONFIRM: fc.record(
        { ...name('ATTACH_USER_CONFIRM'), result: fc.nat(15), initiator: user },
        { requiredKeys: ['name', 'result'] },
      ),
      CHANNEL_JOIN_CONFIRM: fc.record(
        { ...name('CHANNEL_JOIN_CONFIRM'), result: fc.nat(15), initiator: user, requested: u16, channelId: u16 },
        { requiredKeys: ['name', 'result', 'initiator', 'requested'] },
      ),
      SEND_DATA_REQUEST: fc.record({ ...name('SEND_DATA_REQUEST'), ...sent }),
      SEND_DATA_INDICATION: fc.record({ ...name('SEND_DATA_INDICATION'), ...sent }),
      DISCONNECT_PROVIDER_ULTIMATUM: fc.record({ ...name('DISCONNECT_PROVIDER_ULTIMATUM'), reason: fc.nat(7) }),
    },
    (value) => DomainMcsPdu.encode(value),
    decoder(DomainMcsPdu),
  );
  testRoundTrips(
    {
      TS_INFO_PACKET: fc.record({
        codePage: u32,
        flags: fc.constant(0x10),
        domain: text(50),
        userName: text(50),
        password: text(50),
        alternateShell: text(50),
        workingDir: text(50),
        extraInfo: bytes,
      }),
    },
    (value) => ClientInfo.encode(value),
    decoder(ClientInfo),
  );
  testRoundTrips(
    { TS_UD_SC_NET: fc.record({ mcsChannelId: u16, channelIdArray: fc.array(u16, { maxLength: 31 }) }) },
    (value) => ServerNetworkData.encode(value),
    decoder(ServerNetworkData),
  );
  const rectangle = fc.record({ left: u16, top: u16, right: u16, bottom: u16 });
  testRoundTrips(
    { TS_REFRESH_RECT_PDU: fc.record({ areasToRefresh: fc.array(rectangle, { maxLength: 255 }) }) },
    (value) => RefreshRectPdu.encode(value),
    decoder(RefreshRectPdu),
  );
  testRoundTrips<SuppressOutputPdu>(
    {
      TS_SUPPRESS_OUTPUT_PDU: fc.oneof(
        fc.record({ allowDisplayUpdates: fc.constantFrom(0, 2, 255) }),
        fc.record({ allowDisplayUpdates: fc.constant(1), desktopRect: rectangle }),
      ),
    },
    (value) => SuppressOutputPdu.encode(value),
    decoder(SuppressOutputPdu),
  );
  testRoundTrips(
    { 'a PER integer': fc.record({ value: u32 }) },
    ({ value }) => [Uint8Array.from(perInteger(value, 'value'))],
    (input) => ({ value: readPerInteger(new Reader(input, 'PER', { document: 'X.691', section: '10' }), 'value') }),
  );
  testRoundTrips(
    { 'a PER length': fc.record({ length: fc.nat(0x3fff) }) },
    ({ length }) => [Uint8Array.from(perLength(length, 'length'))],
    (input) => ({ length: readPerLength(new Reader(input, 'PER', { document: 'X.691', section: '10' }), 'length') }),
  );
});

describe('TPKT ([RFC 1006] 6)', () => {
  it('has 03 00 and the big-endian length with the header before its payload', () => {
    expect([...tpktHeader(8)]).to.deep.equal([3, 0, 0, 12]);
    expect([...tpktHeader(0x1234)]).to.deep.equal([3, 0, 0x12, 0x38]);
    expect([...tpktHeader(65531)]).to.deep.equal([3, 0, 0xff, 0xff]);
    for (const size of [0, 65532, 8.5]) expect(() => tpktHeader(size)).to.throw(UsageError, '1 to 65531 bytes');
  });

  it('tells the size once its header is complete, and what is wrong at the first byte that shows it', () => {
    const size = (header: string, filled: number) => tpktPayloadSize(fromHex(header), filled, 8, 100);
    expect([1, 2, 3, 4].map((filled) => size('03ff0068', filled))).to.deep.equal([
      undefined,
      undefined,
      undefined,
      100,
    ]);
    expect(() => size('04000000', 1)).to.throw(DecodeError, 'TPKT.version: 4 instead of 3 (offset 0, [RFC 1006] 6)');
    expect(() => size('0300000b', 4)).to.throw(DecodeError, 'TPKT.length: 11 bytes, at least 12 expected');
    expect(() => size('03000069', 4)).to.throw(DecodeError, 'TPKT.length: 105 is more than the limit of 104');
  });
});

describe('encoders of RDP structures refuse', () => {
  const core = {
    version: 0x00080004,
    desktopWidth: 800,
    desktopHeight: 600,
    colorDepth: 0xca01,
    sasSequence: 0xaa03,
    keyboardLayout: 0,
    clientBuild: 0,
    clientName: '',
    keyboardType: 4,
    keyboardSubType: 0,
    keyboardFunctionKey: 12,
    imeFileName: '',
  };

  it('a text that its field cannot hold', () => {
    expect(() => ClientCoreData.encode({ ...core, clientName: 'sixteen letters!' })).to.throw(UsageError, 'at most 15');
  });
  it('an optional field without those before it', () => {
    expect(() => ClientCoreData.encode({ ...core, clientProductId: 1 })).to.throw(UsageError, 'all before it');
  });
  it('data that no MCS PDU holds', () => {
    const userData = new Uint8Array(0x4000);
    const pdu = { name: 'SEND_DATA_INDICATION', initiator: 1002, channelId: 1003, userData } as const;
    expect(() => DomainMcsPdu.encode(pdu)).to.throw(UsageError, '16384 bytes, at most 16383');
  });
  it('a user id that is none', () => {
    const pdu = { name: 'CHANNEL_JOIN_REQUEST', initiator: 1000, channelId: 1003 } as const;
    expect(() => DomainMcsPdu.encode(pdu)).to.throw(UsageError, 'initiator');
  });
  it('a flag that promises a correlation id, and none', () => {
    const negotiation = { flags: 8, requestedProtocols: 1 };
    expect(() => X224ConnectionRequest.encode({ sourceReference: 0, negotiation })).to.throw(UsageError, 'go together');
  });
  it('more areas than one byte counts, and a rectangle that does not belong there', () => {
    const area = { left: 0, top: 0, right: 1, bottom: 1 };
    const areasToRefresh = Array.from({ length: 256 }, () => area);
    expect(() => RefreshRectPdu.encode({ areasToRefresh })).to.throw(UsageError, '256 areas, at most 255');
    for (const value of [{ allowDisplayUpdates: 1 }, { allowDisplayUpdates: 0, desktopRect: area }]) {
      expect(() => SuppressOutputPdu.encode(value)).to.throw(UsageError, 'goes with ALLOW_DISPLAY_UPDATES');
    }
  });
  it('text beyond ANSI where there is no UTF-16', () => {
    const info = {
      codePage: 0,
      domain: '',
      password: '',
      alternateShell: '',
      workingDir: '',
      extraInfo: new Uint8Array(0),
    };
    expect(() => ClientInfo.encode({ ...info, flags: 0, userName: 'Ж' })).to.throw(UsageError, 'INFO_UNICODE');
  });
});

describe('BER integers', () => {
  it('have the shortest form, and a zero where the top bit would make them negative', () => {
    const hex = (value: number) =>
      toHex(joinParts(encodeWith({ write: (out, each) => writeBerInteger(out, each, 'value') }, value)));
    expect([0, 127, 128, 65535, 0xffffffff].map(hex)).to.deep.equal([
      '020100',
      '02017f',
      '02020080',
      '020300ffff',
      '020500ffffffff',
    ]);
  });
});
