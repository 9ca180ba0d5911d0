import { expect } from 'chai';
import { runCampaign } from '../../fuzz/campaign.ts';
import { bytesInUse, bytesInUseNow } from '../engine/heap.ts';

const MEBIBYTE = 2 ** 20;
/** To look at the memory takes as long as thousands of messages do. */
const MESSAGES_BETWEEN_LOOKS = 16 * 1024;

/** Mutated messages to decoders, sessions and engines of both roles; half of them must be a multiple of 200. */
export function testCampaign(messages: number): void {
  describe('a peer that sends anything', () => {
    it(`${messages} mutated messages: nothing throws, each request ends once, memory stays bounded`, async () => {
      const before = await bytesInUse();
      let most = 0;
      const progress = (done: number) => {
        if (done % MESSAGES_BETWEEN_LOOKS === 0) most = Math.max(most, bytesInUseNow());
      };
      const halves = [await runCampaign({ seed: 20261121, messages: messages / 2, progress })];
      // What the first half left behind is code, caches and the corpus; a second half must not add to it.
      const between = await bytesInUse();
      halves.push(await runCampaign({ seed: 20261122, messages: messages / 2, progress }));
      const grown = (await bytesInUse()) - between;
      const sum = (count: (half: (typeof halves)[number]) => number) =>
        halves.reduce((total, half) => total + count(half), 0);
      const rdpConnections = sum((half) => half.rdpConnections);
      expect(sum((half) => half.messages)).to.equal(messages);
      expect(
        sum((half) => half.connections),
        'connections',
      ).to.be.above(messages / 1000);
      expect(rdpConnections, 'RDP connections').to.equal(messages / 200);
      expect(
        sum((half) => half.established),
        'of which stood',
      ).to.be.within(rdpConnections / 10, rdpConnections - 1);
      expect(grown / MEBIBYTE, 'MiB that half of the messages never gave back').to.be.below(8);
      expect((most - before) / MEBIBYTE, 'MiB in use at the peak').to.be.below(16);
    });
  });
}
