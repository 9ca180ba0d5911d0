import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readPcapng } from '../capture/pcapngReader.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

const CAPTURES = fileURLToPath(new URL('../../test-vectors/captures/', import.meta.url));
const LOOPBACK = 'tcp://127.0.0.1:0';

describe('urbdrc --capture, decode and replay', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('stick.img'), Buffer.alloc(64 * 512, 0x5a));
  });

  afterEach(async () => {
    await scene.end();
  });

  /** Reads a stick while both ends record. */
  async function record(clientFile: string, serverFile: string): Promise<void> {
    const { running: server, url } = await scene.listen(
      ['serve', '--read-sectors', '64', '--out', scene.file('out.img'), '--capture', scene.file(serverFile)],
      LOOPBACK,
    );
    const stick = `stick:${scene.file('stick.img')}`;
    const client = scene.start(['redirect', '--virtual', stick, '--capture', scene.file(clientFile), '--connect', url]);
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit, client.stderr.text).to.equal(0);
    expect([...complaints(server), ...complaints(client)]).to.deep.equal([]);
    expect(client.stderr.text).to.include(`recording to ${scene.file(clientFile)}; it holds all that is sent`);
  }

  it('messages are recorded by both ends, decoded strictly, and replayed with the same result', async () => {
    await record('client.jsonl', 'server.jsonl');
    for (const [file, role] of [
      ['client.jsonl', 'client'],
      ['server.jsonl', 'server'],
    ] as const) {
      const [header] = readFileSync(scene.file(file), 'utf8').split('\n');
      expect(JSON.parse(header ?? '')).to.deep.include({ role });
      const decoded = await run(['decode', '--capture', scene.file(file)]);
      expect(decoded.status, decoded.stderr).to.equal(0);
      expect(decoded.stdout).to.match(/ s2c channel 2 TRANSFER_IN_REQUEST \[MS-RDPEUSB\] 2\.2\.6\.7 interfaceId=5 /);
      expect(decoded.stdout).to.match(/ c2s channel 2 URB_COMPLETION_NO_DATA .*TS_URB_SELECT_CONFIGURATION_RESULT/);
      const replayed = await run(['replay', '--strict', scene.file(file)]);
      expect(replayed.status, replayed.stdout + replayed.stderr).to.equal(0);
      expect(replayed.stdout).to.match(
        new RegExp(`^connection 1 with .*, as ${role}: (\\d+) of \\1 messages accepted, (\\d+) of \\2 of .*\\n$`),
      );
    }
  });

  it('USB traffic is recorded by both ends', async () => {
    await record('client.pcapng', 'server.pcapng');
    for (const file of ['client.pcapng', 'server.pcapng']) {
      const { application, packets } = readPcapng(readFileSync(scene.file(file)));
      expect(application).to.match(/^urbdrc \d+\.\d+\.\d+/);
      const sectors = packets.filter(({ event, data }) => event === 'C' && data === '5a'.repeat(64 * 512));
      expect(sectors).to.have.length(1);
      const decoded = await run(['decode', '--capture', scene.file(file)]);
      expect(decoded.status, decoded.stderr).to.equal(0);
      const lines = decoded.stdout.trimEnd().split('\n');
      expect(lines).to.have.length(packets.length);
      expect(lines[0]).to.match(
        /^1 \+0\.000 ms \d+\.\d+\.0 control in submitted id=1 length=18 setup=\{"bmRequestType":128,"bRequest":6,"wValue":256,/,
      );
      expect(
        lines.filter((line) => / bulk in ended id=\d+ status=0 length=32768 data=(5a)+$/.test(line)),
      ).to.have.length(1);
      const json = await run(['decode', '--json', '--capture', scene.file(file)]);
      const objects = json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { value: { data: string } });
      expect(objects.map(({ value }) => value.data)).to.deep.equal(packets.map(({ data }) => data));
      expect(objects[1]).to.deep.include({ packet: 2, name: 'mon_bin_hdr' });
    }
  });

  it('decode --capture says what is wrong with a recording of USB traffic', async () => {
    const cases: [bytes: Buffer, message: RegExp][] = [
      [Buffer.from('{"peer":"someone"}'), /a\.pcapng: this is a capture of messages/],
      [
        Buffer.from('0100000014000000dc00000000000000' + '14000000', 'hex'),
        /a\.pcapng: neither a pcapng nor a pcap file$/m,
      ],
      [Buffer.alloc(5), /a\.pcapng: neither a pcapng nor a pcap file$/m],
      [Buffer.from('0a0d0d0a1c', 'hex'), /a\.pcapng: the file ends in the middle of a block/],
    ];
    for (const [bytes, message] of cases) {
      writeFileSync(scene.file('a.pcapng'), bytes);
      const { status, stderr } = await run(['decode', '--capture', scene.file('a.pcapng')]);
      expect(status).to.equal(1);
      expect(stderr).to.match(message);
    }
    expect((await run(['decode', '--capture', scene.file('none.pcapng')])).stderr).to.match(/ENOENT/);
  });

  it('decode --capture tells recordings by their first bytes, whatever their name', async () => {
    const path = scene.file('recording.bin');
    const recorded = 'd4c3b2a1020004000000000000000000' + '00000400dc000000' + '01000000020000004000000040000000';
    const packet =
      '0100000000000000' + '53028005' + '0100003c' + '00'.repeat(16) + '1200000000000000' + '8006000100001200';
    writeFileSync(path, Buffer.from(recorded + packet + '00'.repeat(16), 'hex'));
    const { status, stdout } = await run(['decode', '--capture', path]);
    expect(stdout).to.match(/^1 \+0\.000 ms 1\.5\.0 control in submitted id=1 length=18 setup=\{"bmRequestType":128,/);
    expect(status).to.equal(0);
    writeFileSync(path, 'ffff8801 3575914555 S Ci:1:001:0 s a3 00\n');
    expect((await run(['decode', '--capture', path])).stderr).to.match(/recording\.bin: this is text of usbmon/);
  });

  it('a file of another ending is refused before anything is opened', async () => {
    const { status, stderr } = await run(['serve', '--listen', LOOPBACK, '--capture', scene.file('a.txt')]);
    expect(status).to.equal(2);
    expect(stderr).to.match(
      /a\.txt: the ending says what to record: \.jsonl for messages, \.pcapng for USB traffic\n$/,
    );
  });

  it('decode --capture knows what completions answer, and says for each line what is wrong with it', async () => {
    const { status, stdout, stderr } = await run(['decode', '--capture', `${CAPTURES}freerdp-2.11.7-errors.jsonl`]);
    expect(status).to.equal(1);
    expect(stderr).to.equal('urbdrc: 6 of 159 lines failed\n');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).to.have.length(159);
    expect(lines[0]).to.equal('1 with freerdp-2.11.7');
    expect(lines.find((line) => line.startsWith('100 '))).to.match(
      /s2c channel 4 error: SHARED_MSG_HEADER\.FunctionId: 0x108/,
    );
    expect(lines.find((line) => line.startsWith('55 '))).to.include('TS_URB_SELECT_CONFIGURATION_RESULT');
  });

  it('decode --capture --json gives one object a line', async () => {
    writeFileSync(
      scene.file('a.jsonl'),
      [
        '{"peer":"someone"}',
        '{"t":1,"dir":"s2c","channel":3,"event":"create","name":"URBDRC"}',
        '',
        '{"connection":2,"t":2.5,"dir":"s2c","channel":3,"hex":"05000040000000000001000021000000"}',
        '{"t":3,"dir":"s2c","channel":3,"hex":"0"}',
      ].join('\n'),
    );
    const { status, stdout } = await run(['decode', '--json', '--capture', scene.file('a.jsonl')]);
    expect(status).to.equal(1);
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(objects[0]).to.deep.equal({ line: 1, peer: 'someone' });
    expect(objects[1]).to.deep.equal({ line: 2, t: 1, dir: 's2c', channel: 3, event: 'create' });
    expect(objects[2]).to.deep.include({ line: 4, connection: 2, t: 2.5, name: 'CANCEL_REQUEST' });
    expect(objects[3]).to.have.nested.property('error.message', 'not hex: 1 digits do not make whole bytes');
  });

  it('replay explains what it did not take, and fails for it', async () => {
    const file = `${CAPTURES}freerdp-2.11.7-two.jsonl`;
    const text = await run(['replay', file]);
    expect(text.status).to.equal(1);
    expect(text.stdout.split('\n')).to.deep.equal([
      "connection 1 with freerdp-2.11.7, as server: 32 of 33 messages accepted, 36 of 37 of the recorded end's own said alike",
      '  ignored line 75 channel 5 message: SHARED_MSG_HEADER.FunctionId: 0x101 is unknown on this interface ' +
        '(offset 8, [MS-RDPEUSB] 2.2.1)',
      "  differing line 74 channel 5 TRANSFER_IN_REQUEST: interface 6 is not this channel's device",
      '',
    ]);
    expect(text.stderr).to.equal('urbdrc: 1 of 1 connections were not taken as recorded\n');
    const json = await run(['replay', '--json', '--role', 'client', file]);
    expect(JSON.parse(json.stdout)).to.deep.include({ role: 'client', connection: 1, peer: 'freerdp-2.11.7' });
  });

  it('replay says which line of a file is wrong', async () => {
    writeFileSync(scene.file('a.jsonl'), '{"peer":"someone"}\n{"t":1}\n');
    const { status, stderr } = await run(['replay', scene.file('a.jsonl')]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/a\.jsonl: line 2: "hex" is missing\n$/);
  });
});
