import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { FaultScript } from '../../src/devices/virtual/faultScript.ts';
import { parseFaultScript } from '../../src/devices/virtual/faultScriptText.ts';
import { complaints, Scene } from './connections.ts';
import type { Running } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const SECTORS = 300;
const image = randomBytes(SECTORS * 512);
const DOCUMENT = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');

describe('urbdrc redirect --virtual WHAT --faults FILE', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  function script(rules: FaultScript): string {
    writeFileSync(scene.file('faults.json'), JSON.stringify(rules));
    return scene.file('faults.json');
  }

  /** A stick with these faults, and a server that reads all of it. */
  async function read(rules: FaultScript): Promise<{ server: Running; client: Running }> {
    writeFileSync(scene.file('stick.img'), image);
    const job = ['--read-sectors', String(SECTORS), '--out', scene.file('out.img')];
    const { running: server, url } = await scene.listen(['serve', ...job], LOOPBACK);
    const device = ['--virtual', `stick:${scene.file('stick.img')}`, '--faults', script(rules), '--verbose'];
    return { server, client: scene.start(['redirect', ...device, '--connect', url]) };
  }

  it('a delay holds the reader up, and nothing else', async () => {
    const { server, client } = await read([
      { operation: 'transferIn', nth: 2, fault: { type: 'delay', milliseconds: 20 } },
    ]);
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit).to.equal(0);
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(sha256(readFileSync(scene.file('out.img')))).to.equal(sha256(image));
    const told = client.stderr.lines.filter((line) => line.startsWith('fault '));
    expect(told).to.deep.equal(['fault delay: transferIn 0x81']);
  });

  it('a device that is pulled out in the middle ends the read', async () => {
    const { server, client } = await read([{ operation: 'transferIn', nth: 3, fault: { type: 'unplug' } }]);
    expect(await server.exit).to.equal(1);
    expect(complaints(server)).to.have.length(1);
    await client.line(/^fault unplug: transferIn 0x81$/);
    await client.line(/unplugged/);
  });

  it('a read that is stopped in the middle says what became of the file', async () => {
    const { server, client } = await read([
      { operation: 'transferIn', endpointAddress: 0x81, nth: 7, fault: { type: 'hang' } },
    ]);
    await client.line(/^fault hang: transferIn 0x81$/);
    server.stop();
    expect(await server.exit).to.equal(1);
    expect(complaints(server)).to.have.length(1);
    expect(complaints(server)[0]).to.match(/^urbdrc: stopped: .*out\.img has the first \d+ of \d+ sectors$/);
  });

  it('chance takes the same course for the same seed', async () => {
    const faults = script([{ operation: 'control', probability: 0.5, fault: { type: 'delay', milliseconds: 0 } }]);
    const course = async (...args: string[]) => {
      const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
      const device = ['--virtual', 'composite', '--faults', faults, '--verbose', ...args];
      const client = scene.start(['redirect', ...device, '--connect', url]);
      await server.line(/^device /);
      const told = client.stderr.lines.filter((line) => line.startsWith('fault '));
      client.stop();
      await client.exit;
      return told.length;
    };
    const counts = [];
    for (const seed of ['0', '1', '2', '3', '4']) {
      const count = await course('--seed', seed);
      expect(await course('--seed', seed)).to.equal(count);
      counts.push(count);
    }
    expect(await course()).to.equal(counts[0]);
    expect(new Set(counts).size).to.be.greaterThan(1);
  });

  describe('says in one line what is wrong', () => {
    const cases: Record<string, readonly [text: string | undefined, args: string[], message: RegExp]> = {
      'no file': [undefined, [], /cannot read .*faults.json: there is no such file or folder/],
      'no JSON': ['{', [], /faults.json: the fault script is not JSON/],
      'no such fault': ['[{"fault":{"type":"melt"}}]', [], /faults.json: fault rule 1, fault: type "melt": use one of/],
      'a rule that cannot be': ['[{"nth":0,"fault":{"type":"hang"}}]', [], /faults.json: fault rule 1 .*nth 0: give/],
      'a seed that is no number': ['[]', ['--seed', 'x'], /'--seed <number>' .*not a whole number/],
    };
    for (const [name, [text, args, message]] of Object.entries(cases)) {
      it(name, async () => {
        if (text !== undefined) writeFileSync(scene.file('faults.json'), text);
        const device = ['--virtual', 'keyboard', '--faults', scene.file('faults.json'), ...args];
        const client = scene.start(['redirect', ...device, '--connect', 'tcp://127.0.0.1:1']);
        expect(await client.exit).to.equal(2);
        expect(complaints(client)).to.have.length(1);
        expect(complaints(client)[0]).to.match(message);
      });
    }

    it('a device that is not virtual, and a seed without faults', async () => {
      for (const [args, message] of [
        [['--device', '1:2', '--faults', 'x'], /cannot be used with option '--device <vid:pid>'/],
        [['--auto', '--faults', 'x'], /cannot be used with option '--auto'/],
        [['--virtual', 'keyboard', '--seed', '3'], /--seed is about --faults FILE/],
      ] as const) {
        const client = scene.start(['redirect', ...args, '--connect', 'tcp://127.0.0.1:1']);
        expect(await client.exit).to.equal(2);
        expect(complaints(client)[0]).to.match(message);
      }
    });
  });

  it('the rules in docs/faults.md can be read, and it names every fault and operation', () => {
    const [, example = ''] = /^```json\n([^]*?)^```/m.exec(DOCUMENT) ?? [];
    expect(parseFaultScript(example)).to.have.length.above(3);
    for (const wrong of ['[{"fault":{"type":"?"}}]', '[{"operation":"?","fault":{"type":"hang"}}]']) {
      const [, names = ''] = /use one of (.*)$/.exec(complaintAbout(wrong)) ?? [];
      expect(names.split(', ')).to.have.length.above(5);
      for (const name of names.split(', ')) expect(DOCUMENT).to.include(`\`${name}\``);
    }
  });
});

function complaintAbout(text: string): string {
  try {
    parseFaultScript(text);
    return '';
  } catch (error) {
    return String(error);
  }
}
