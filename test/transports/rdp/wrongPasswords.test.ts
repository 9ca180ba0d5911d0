import { expect } from 'chai';
import { WrongPasswords } from '../../../transports/rdp/wrongPasswords.ts';

const MINUTE = 60_000;

describe('wrong passwords', () => {
  const inARow = (passwords: WrongPasswords, address: string, count: number, now = 0) =>
    Array.from({ length: count }, () => passwords.count(address, now)).map(({ delay }) => delay);

  it('make each answer take twice as long as the one before, up to four seconds', () => {
    expect(inARow(new WrongPasswords(), '10.0.0.1', 7)).to.deep.equal([250, 500, 1000, 2000, 4000, 4000, 4000]);
  });

  it('shut an address out for a minute from the fifth on, and no other', () => {
    const passwords = new WrongPasswords();
    inARow(passwords, '10.0.0.1', 4, 1000);
    expect(passwords.shutOut('10.0.0.1', 1000)).to.equal(0);
    expect(passwords.count('10.0.0.1', 2000)).to.deep.equal({ delay: 4000, count: 5, shutOut: MINUTE });
    expect(passwords.shutOut('10.0.0.1', 2000 + MINUTE - 1)).to.equal(1);
    expect(passwords.shutOut('10.0.0.2', 2000)).to.equal(0);
    expect(passwords.shutOut('10.0.0.1', 2000 + MINUTE)).to.equal(0);
    expect(passwords.count('10.0.0.1', 3000 + MINUTE)).to.include({ count: 6, shutOut: MINUTE });
  });

  it('are forgotten after the right one, and ten minutes after the last', () => {
    const passwords = new WrongPasswords();
    inARow(passwords, '10.0.0.1', 6);
    passwords.forget('10.0.0.1');
    expect(passwords.shutOut('10.0.0.1', 0)).to.equal(0);
    expect(inARow(passwords, '10.0.0.1', 3)).to.deep.equal([250, 500, 1000]);
    expect(passwords.count('10.0.0.1', 10 * MINUTE - 1).count).to.equal(4);
    expect(passwords.count('10.0.0.1', 20 * MINUTE).count).to.equal(1);
  });

  it('count for the 64 bits of an IPv6 network together, and for an IPv4 address in either form', () => {
    const same: [string, string, boolean][] = [
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff:0:0:9', true],
      ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
      ['2001:db8::1', '2001:db8:0:0:5::', true],
      ['::1', '::2', true],
      ['fe80::1%eth0', 'FE80::2', true],
      ['::ffff:10.0.0.1', '10.0.0.1', true],
      ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
      ['1:2:3:4:5:6:7:8', '1:2:3:4::', true],
    ];
    for (const [left, right, isSame] of same) {
      const passwords = new WrongPasswords();
      inARow(passwords, left, 5);
      expect(passwords.shutOut(right, 0) > 0, `${left} and ${right}`).to.equal(isSame);
    }
  });

  it('of more than 1024 addresses are not remembered: the oldest go', () => {
    const passwords = new WrongPasswords();
    const address = (number: number) => `10.0.${number >> 8}.${number & 255}`;
    for (let number = 0; number < 1024; number += 1) inARow(passwords, address(number), 5, number);
    passwords.count(address(0), 1024);
    passwords.count('192.0.2.1', 1025);
    expect(passwords.shutOut(address(0), 1025)).to.be.above(0);
    expect(passwords.shutOut(address(1), 1025)).to.equal(0);
    expect(passwords.shutOut(address(2), 1025)).to.be.above(0);
  });
});
