import { expect } from 'chai';
import { FairShare, FairTurns } from '../../src/engine/fairTurns.ts';

/** How many frames of 16 KiB it handles in its next turn. */
function turnOf(share: FairShare): number {
  let frames = 1;
  while (!share.worked(16 * 1024, false)) frames += 1;
  return frames;
}

describe('turns of connections that have much work', () => {
  it('are long while no other one has any', () => {
    const share = new FairShare(new FairTurns());
    const turns = Array.from({ length: 300 }, () => turnOf(share));
    expect(turns.at(-1)).to.equal(32);
  });

  it('are short as soon as another one has work, and until it has had none for 256 turns', () => {
    const turns = new FairTurns();
    const [flooding, other] = [new FairShare(turns), new FairShare(turns)];
    for (let turn = 0; turn < 300; turn += 1) turnOf(flooding);
    other.worked(64, true);
    for (let turn = 0; turn < 256; turn += 1) expect(turnOf(flooding)).to.equal(4);
    expect(turnOf(flooding)).to.equal(32);
  });

  it('have some 15 small messages', () => {
    const share = new FairShare(new FairTurns());
    let messages = 1;
    while (!share.worked(64, true)) messages += 1;
    expect(messages).to.equal(15);
  });

  it('are no shorter for connections that share nothing with it', () => {
    const share = new FairShare(new FairTurns());
    const stranger = new FairShare(new FairTurns());
    for (let turn = 0; turn < 300; turn += 1) turnOf(share);
    stranger.worked(64, true);
    expect(turnOf(share)).to.equal(32);
  });
});
