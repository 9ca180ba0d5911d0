import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadCorpus } from '../../fuzz/corpus.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Random } from '../../fuzz/random.ts';
import { loadSequences, readSequence, runSequence, writeSequence } from '../../fuzz/sequence.ts';
import { ANNOUNCEMENT, ClientSessions, REQUEST_COMPLETION, ServerSessions } from '../../fuzz/sessions.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { ChannelEvent } from '../../src/urbdrc/session/channelEvent.ts';
import { ClientDeviceChannel } from '../../src/urbdrc/session/client/deviceChannel.ts';
import { ServerDeviceChannel } from '../../src/urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../../src/urbdrc/session/server/deviceEvent.ts';
import { complaintOf, testServerSessions } from './complaint.ts';

describe('what fuzzing found (test-vectors/regressions)', () => {
  for (const { file, name, sequence } of loadSequences()) {
    it(`${file}: ${name}`, async () => {
      expect(sequence).not.to.be.empty;
      await runSequence(sequence);
    });
  }

  it('is written and read alike', () => {
    const folder = mkdtempSync(join(tmpdir(), 'urbdrc-fuzz-'));
    try {
      const sequence = loadCorpus().slice(0, 3);
      writeSequence(join(folder, 'a.json'), 'three messages', sequence);
      const again = readSequence(join(folder, 'a.json'));
      expect(again.name).to.equal('three messages');
      expect(again.sequence.map(({ layer, bytes }) => [layer, [...bytes]])).to.deep.equal(
        sequence.map(({ layer, bytes }) => [layer, [...bytes]]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the fuzzer itself', () => {
  it('makes the same messages from the same seed, and others from another', () => {
    const corpus = loadCorpus();
    const messages = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 200 }, () => {
        const { bytes } = random.pick(corpus);
        return Buffer.from(mutate(random, bytes, bytes)).toString('hex');
      });
    };
    expect(messages(1)).to.deep.equal(messages(1));
    expect(messages(1)).not.to.deep.equal(messages(2));
    expect(new Set(messages(1)).size).to.be.above(150);
  });

  it('has every message of the protocol in its corpus, of both ends', () => {
    const corpus = loadCorpus();
    expect(corpus.length).to.be.above(1000);
    const layers = [
      'svc',
      'dvc',
      'urbdrc',
      'ts-urb',
      'ts-urb-result',
      'usb',
      'rdp',
      'usbip',
      'usbredir',
      'cssp',
      'ntlm',
    ];
    for (const layer of layers) {
      expect(corpus.filter((seed) => seed.layer === layer).length, layer).to.be.above(10);
    }
  });

  testServerSessions(4000);

  it('notices a client session that forgets to complete a request', () => {
    class Forgetful extends ClientDeviceChannel {
      override completeTransfer(): Step<never> {
        return { outgoing: [], events: [] };
      }
    }
    expect(complaintOf(new ClientSessions(new Forgetful(ANNOUNCEMENT)), 20_000)).to.equal(
      'requests got lost or stay for ever',
    );
  });

  it('notices a server session that ends a request twice', () => {
    class Stutterer extends ServerDeviceChannel {
      override receive(bytes: Uint8Array, now: number): Step<ServerDeviceEvent | ChannelEvent> {
        const { outgoing, events } = super.receive(bytes, now);
        return { outgoing, events: [...events, ...events] };
      }
    }
    expect(complaintOf(new ServerSessions(new Stutterer(REQUEST_COMPLETION)), 20_000)).to.match(
      /ended twice|nobody asked for/,
    );
  });

  it('notices what throws anything but a DecodeError', () => {
    class Thrower extends ServerDeviceChannel {
      override receive(): never {
        throw new RangeError('offset');
      }
    }
    expect(() => new ServerSessions(new Thrower(REQUEST_COMPLETION))).to.throw(RangeError);
  });
});
