import { expect } from 'chai';
import { runMiddle } from '../../fuzz/middle.ts';
import { Random } from '../../fuzz/random.ts';

/** A client and a server with a meddler between them, in so many connections. */
export function testMiddle(connections: number): void {
  describe('a client and a server with a meddler between them', () => {
    it(`in ${connections} connections every operation ends once, and both ends close`, async () => {
      const total = { changed: 0, devices: 0, operations: 0 };
      for (let seed = 0; seed < connections; seed += 1) {
        const outcome = await runMiddle(new Random(seed), [200, 60, 20, 6][seed % 4] ?? 6);
        total.changed += outcome.changed;
        total.devices += outcome.devices;
        total.operations += outcome.operations;
      }
      expect(total.changed).to.be.above(connections);
      expect(total.devices).to.be.above(connections / 2);
      expect(total.operations).to.be.above(50 * connections);
    });
  });
}
