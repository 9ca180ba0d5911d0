import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { runCampaign } from '../../fuzz/campaign.ts';

const MESSAGES = 1_000_000;
const MEBIBYTE = 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use once everything is gone that can go. */
function retained(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a peer that sends anything', () => {
  it(`${MESSAGES} mutated messages: nothing throws, each request ends once, memory stays bounded`, async function () {
    this.timeout(600_000);
    const before = retained();
    const halves = [await runCampaign({ seed: 20261121, messages: MESSAGES / 2 })];
    // What the first half left behind is code, caches and the corpus; a second half must not add to it.
    const between = retained();
    halves.push(await runCampaign({ seed: 20261122, messages: MESSAGES / 2 }));
    const grown = retained() - between;
    const sum = (count: (half: (typeof halves)[number]) => number) =>
      halves.reduce((total, half) => total + count(half), 0);
    const most = Math.max(...halves.map(({ peak }) => peak.heap + peak.external)) - before;
    const rdpConnections = sum((half) => half.rdpConnections);
    expect(sum((half) => half.messages)).to.equal(MESSAGES);
    expect(
      sum((half) => half.connections),
      'connections',
    ).to.be.above(1000);
    expect(rdpConnections, 'RDP connections').to.equal(MESSAGES / 200);
    expect(
      sum((half) => half.established),
      'of which stood',
    ).to.be.within(rdpConnections / 10, rdpConnections - 1);
    expect(grown / MEBIBYTE, 'MiB that half of the messages never gave back').to.be.below(8);
    expect(most / MEBIBYTE, 'MiB at the peak').to.be.below(192);
    console.log(
      `    ${MESSAGES} mutated messages in ${(sum((half) => half.milliseconds) / 1000).toFixed(0)} s: at most ` +
        `${(most / MEBIBYTE).toFixed(0)} MiB more in use, ${(grown / MEBIBYTE).toFixed(1)} MiB kept by the second half`,
    );
  });
});
