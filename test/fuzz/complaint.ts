import { expect } from 'chai';
import { loadCorpus } from '../../fuzz/corpus.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Random } from '../../fuzz/random.ts';
import { type ClientSessions, REQUEST_COMPLETION, ServerSessions, Violation } from '../../fuzz/sessions.ts';
import { RecognisedPeer } from '../../src/urbdrc/peers/recognisedPeer.ts';
import { DEFAULT_SESSION_TIMERS } from '../../src/urbdrc/session/limits.ts';
import { ServerDeviceChannel } from '../../src/urbdrc/session/server/deviceChannel.ts';

/** Feeds so many mutated messages, or fewer when the model complains before; what it says, or `nothing`. */
export function complaintOf(sessions: ClientSessions | ServerSessions, messages: number): string {
  const random = new Random(3);
  const corpus = loadCorpus().filter(({ layer }) => layer === 'urbdrc');
  for (let count = 0; count < messages; count += 1) {
    try {
      sessions.feed(mutate(random, random.pick(corpus).bytes, new Uint8Array(0)), random);
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  }
  return 'nothing';
}

export function testServerSessions(messages: number): void {
  for (const name of ['generic', 'ironrdp', 'strict'] as const) {
    it(`has nothing against a server session for ${name} that gets ${messages} messages`, () => {
      const device = new ServerDeviceChannel(REQUEST_COMPLETION, DEFAULT_SESSION_TIMERS, new RecognisedPeer(name));
      expect(complaintOf(new ServerSessions(device), messages)).to.equal('nothing');
    });
  }
}
