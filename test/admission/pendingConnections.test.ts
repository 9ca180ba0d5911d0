import { expect } from 'chai';
import fc from 'fast-check';
import { networkOf, PendingConnections } from '../../src/admission/pendingConnections.ts';

describe('connections that have not proved who they are', () => {
  /** Enters connections by name; those in `advanced` have come a step further. */
  const pendingOf = (maximum: number, perNetwork: number, advanced: readonly string[] = []) => {
    const pending = new PendingConnections<string>({ maximum, perNetwork });
    const enter = (name: string, network: string) =>
      pending.enter(name, network, () => (advanced.includes(name) ? 1 : 0));
    return { pending, enter };
  };

  it('give way, the oldest first, when all places are taken', () => {
    const { pending, enter } = pendingOf(3, 3);
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => enter(name, 'x'))).to.deep.equal([
      undefined,
      undefined,
      undefined,
      'a',
      'b',
    ]);
    expect(pending.size).to.equal(3);
  });

  it('give way to those of their own network when it has its share', () => {
    const { enter } = pendingOf(10, 2);
    for (const [name, network] of ['aw', 'bx', 'cx']) enter(name!, network!);
    expect(enter('d', 'x')).to.equal('b');
    expect(enter('e', 'y')).to.equal(undefined);
  });

  it('give way when their network has the most, also when others are older', () => {
    const { enter } = pendingOf(4, 4);
    for (const [name, network] of ['aw', 'bx', 'cx', 'dy']) enter(name!, network!);
    expect(enter('e', 'z')).to.equal('b');
    // Now each network has one; the newcomer makes z the one with the most.
    expect(enter('f', 'z')).to.equal('e');
  });

  it('give way before those whose handshake has come further', () => {
    const { enter } = pendingOf(3, 3, ['a', 'b']);
    for (const name of ['a', 'b', 'c']) enter(name, 'x');
    expect(enter('d', 'x')).to.equal('c');
    expect(enter('e', 'x')).to.equal('d');
  });

  it('leave their place when they are through', () => {
    const { pending, enter } = pendingOf(2, 2);
    enter('a', 'x');
    enter('b', 'x');
    pending.leave('a');
    pending.leave('a');
    expect(enter('c', 'x')).to.equal(undefined);
    expect(enter('d', 'x')).to.equal('b');
  });

  it('are never more than the limits, and a newcomer always finds a place', () => {
    const names = fc.array(fc.tuple(fc.nat(4), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(
        names,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (entries, maximum, perNetwork) => {
          const pending = new PendingConnections<number>({ maximum, perNetwork });
          const present = new Map<number, number>();
          for (const [index, [network, isSlow]] of entries.entries()) {
            const victim = pending.enter(index, String(network), () => (isSlow ? 0 : 1));
            expect(victim).to.not.equal(index);
            if (victim !== undefined) expect(present.delete(victim)).to.equal(true);
            present.set(index, network);
            expect(pending.size).to.equal(present.size).and.to.be.at.most(maximum);
            const share = [...present.values()].filter((each) => each === network).length;
            expect(share).to.be.at.most(perNetwork);
          }
        },
      ),
    );
  });
});

describe('the network of an address', () => {
  it('is all of an IPv4 address and the first half of an IPv6 address', () => {
    expect(networkOf('10.0.0.1')).to.equal('10.0.0.1');
    expect(networkOf('::ffff:10.0.0.1')).to.equal('10.0.0.1');
    expect(networkOf('2001:db8:1:2::1')).to.equal(networkOf('2001:DB8:1:2:ffff:0:0:9'));
    expect(networkOf('2001:db8:1:2::1')).to.not.equal(networkOf('2001:db8:1:3::1'));
  });
});
