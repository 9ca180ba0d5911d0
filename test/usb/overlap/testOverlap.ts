import { expect } from 'chai';
import fc from 'fast-check';
import { play, scenarios } from './overlapModel.ts';

/** Plays so many scenarios of up to twelve commands. @param minimumSteps - of virtual time, that they must have had */
export function testOverlap(runs: number, minimumSteps: number): void {
  it('shows the host the same, and the device the same commands in the same order', () => {
    let steps = 0;
    fc.assert(
      fc.property(scenarios(12, false), (scenario) => {
        const plain = play(scenario, false);
        const ahead = play(scenario, true);
        steps += plain.steps + ahead.steps;
        expect(plain.outcomes).to.have.lengthOf(scenario.commands.length);
        expect(ahead.outcomes).to.deep.equal(plain.outcomes);
        expect(ahead.log).to.deep.equal(plain.log);
        expect(ahead.outOfTurn).to.equal(0);
      }),
      { numRuns: runs },
    );
    expect(steps).to.be.at.least(minimumSteps);
  });

  it('ends every request when the device is pulled out at any time', () => {
    fc.assert(
      fc.property(scenarios(12, true), (scenario) => {
        const { outcomes, outOfTurn } = play(scenario, true);
        expect(outcomes).to.be.an('array');
        expect(outOfTurn).to.equal(0);
      }),
      { numRuns: runs },
    );
  });
}
