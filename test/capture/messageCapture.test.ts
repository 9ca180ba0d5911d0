import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { MessageCapture } from '../../src/capture/messageCapture.ts';
import { readCapture } from '../../src/capture/readCapture.ts';
import { inFolder, PROGRAM, recordedRedirection, steppingClock } from './redirection.ts';

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n');

function recording(role: 'client' | 'server') {
  const lines: string[] = [];
  const output = {
    write: (record: readonly Uint8Array[]) => void lines.push(Buffer.from(joinParts(record)).toString()),
  };
  return { lines, capture: new MessageCapture(output, { role, program: PROGRAM, now: steppingClock() }) };
}

describe('messages as JSON lines', () => {
  it('both ends of a redirection record the same', () =>
    inFolder(async (folder) => {
      const files = { client: join(folder, 'client.jsonl'), server: join(folder, 'server.jsonl') };
      await recordedRedirection(files.client, files.server);
      const [client] = readCapture(linesOf(files.client));
      const [server] = readCapture(linesOf(files.server));
      expect(client?.header).to.include({
        peer: 'memory:right',
        role: 'client',
        program: PROGRAM,
        started: '2026-11-21T13:00:00.000Z',
      });
      expect(server?.header.role).to.equal('server');
      for (const dir of ['c2s', 's2c']) {
        const sent = (session: typeof client) =>
          session?.records.flatMap((record) =>
            record.type === 'message' && record.dir === dir ? `${record.channel} ${toHex(record.bytes)}` : [],
          );
        expect(sent(client)).to.have.length.above(20);
        expect(sent(client)).to.deep.equal(sent(server));
      }
      const events = (session: typeof client) =>
        session?.records.flatMap((record) =>
          record.type === 'event' ? `${record.dir ?? ''} ${record.channel ?? ''} ${record.event}` : [],
        );
      expect(events(client)).to.deep.equal([
        's2c 1 create',
        'c2s 1 created',
        's2c 2 create',
        'c2s 2 created',
        's2c 3 create',
        'c2s 3 created',
        'c2s 2 close',
        'c2s 3 close',
        '  end',
      ]);
      expect(events(server)?.slice(0, 6)).to.deep.equal(events(client)?.slice(0, 6));
      const times = client?.records.map(({ t }) => t) ?? [];
      expect(times).to.deep.equal(times.toSorted((left, right) => left - right));
    }));

  it('says what docs/captures.md says', () => {
    const { lines, capture } = recording('server');
    const first = capture.connection('tcp://192.0.2.1:40000');
    first.onChannel({ direction: 'sent', channelId: 1, event: 'create', name: 'URBDRC' });
    first.onChannel({ direction: 'received', channelId: 1, event: 'created', status: -1073741771 });
    const second = capture.connection('unix:/run/peer');
    second.onMessage({ direction: 'received', channelId: 2, bytes: Uint8Array.of(0, 255) });
    first.ended(new Error('connection reset'));
    first.ended(undefined);
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      { peer: 'tcp://192.0.2.1:40000', role: 'server', program: PROGRAM, started: '2026-11-21T13:00:00.000Z' },
      { t: 0.25, dir: 's2c', channel: 1, event: 'create', name: 'URBDRC' },
      { t: 0.5, dir: 'c2s', channel: 1, event: 'created', status: -1073741771 },
      {
        connection: 2,
        peer: 'unix:/run/peer',
        role: 'server',
        program: PROGRAM,
        started: '2026-11-21T13:00:00.001Z',
      },
      { connection: 2, t: 0.25, dir: 'c2s', channel: 2, hex: '00ff' },
      { t: 1.25, event: 'end', text: 'connection reset' },
    ]);
    expect(readCapture(lines).map(({ header, records }) => [header.peer, records.length])).to.deep.equal([
      ['tcp://192.0.2.1:40000', 3],
      ['unix:/run/peer', 1],
    ]);
  });
});

describe('reading a capture', () => {
  const HEADER = '{"peer":"someone"}';

  it('keeps line numbers and passes over blank lines and events that it does not know', () => {
    const [session] = readCapture([
      HEADER,
      '',
      '{"t":1,"event":"mark","text":"x"}',
      '  ',
      '{"t":2,"dir":"c2s","channel":3,"hex":"00"}',
      '',
    ]);
    expect(session?.records.map(({ line, type }) => [line, type])).to.deep.equal([
      [3, 'event'],
      [5, 'message'],
    ]);
  });

  it('takes a capture without a first line', () => {
    const [session] = readCapture(new Set(['{"t":2,"dir":"s2c","channel":3,"hex":""}']));
    expect(session?.header).to.include({ peer: '', role: undefined });
    expect(session?.records).to.have.length(1);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['{"t":1,', /^line 2: not JSON: /],
    ['[]', /^line 2: not a JSON object$/],
    ['{"dir":"c2s","channel":3,"hex":"00"}', /^line 2: "t" is missing$/],
    ['{"t":"1","dir":"c2s","channel":3,"hex":"00"}', /^line 2: "t": "1" is not a number$/],
    ['{"t":1,"dir":"up","channel":3,"hex":"00"}', /^line 2: "dir": "up" is not "c2s" or "s2c"$/],
    ['{"t":1,"channel":3,"hex":"00"}', /^line 2: "dir" is missing$/],
    ['{"t":1,"dir":"c2s","hex":"00"}', /^line 2: "channel" is missing$/],
    ['{"t":1,"dir":"c2s","channel":3}', /^line 2: "hex" is missing$/],
    ['{"t":1,"dir":"c2s","channel":3,"hex":"0"}', /^line 2: not hex: 1 digits/],
    ['{"t":1,"dir":"c2s","channel":3,"hex":"0g"}', /^line 2: not hex: character "g" at digit 1$/],
    ['{"peer":7}', /^line 2: "peer": 7 is not a string$/],
    ['{"peer":"a","role":"both","connection":2}', /^line 2: "role": "both" is not "client" or "server"$/],
    [HEADER, /^line 2: connection 1 has begun already$/],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, () => {
      expect(() => readCapture([HEADER, line])).to.throw(message);
    });
  }

  it('refuses a path, or a text that nobody split into lines, in its types too', () => {
    // @ts-expect-error: a string has characters, and they are no lines
    expect(() => readCapture('session.jsonl')).to.throw(UsageError, 'give the lines of a capture');
  });
});
