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
    // The corpus and the code are loaded before memory is measured.
    await runCampaign({ seed: 1, messages: 2000 });
    const before = retained();
    const report = await runCampaign({ seed: 20261121, messages: MESSAGES });
    const kept = retained() - before;
    const most = report.peak.heap + report.peak.external - before;
    expect(report.messages).to.equal(MESSAGES);
    expect(report.connections, 'connections').to.be.above(1000);
    expect(report.rdpConnections, 'RDP connections').to.equal(MESSAGES / 200);
    expect(report.established, 'of which stood').to.be.within(report.rdpConnections / 10, report.rdpConnections - 1);
    expect(kept / MEBIBYTE, 'MiB that are never given back').to.be.below(8);
    expect(most / MEBIBYTE, 'MiB at the peak').to.be.below(192);
    console.log(
      `    ${MESSAGES} mutated messages in ${(report.milliseconds / 1000).toFixed(0)} s: at most ` +
        `${(most / MEBIBYTE).toFixed(0)} MiB more in use, ${(kept / MEBIBYTE).toFixed(1)} MiB kept`,
    );
  });
});
