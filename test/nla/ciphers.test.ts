import { expect } from 'chai';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { asciiBytes } from '../../codecs/core/text.ts';
import { md4 } from '../../src/nla/md4.ts';
import { Rc4 } from '../../src/nla/rc4.ts';

describe('MD4 ([RFC 1320] A.5)', () => {
  for (const [text, digest] of [
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ] as const) {
    it(`of ${JSON.stringify(text)}`, () => {
      expect(toHex(md4(asciiBytes(text)))).to.equal(digest);
    });
  }
});

describe('RC4 ([RFC 6229] 2)', () => {
  for (const [key, at0, at16] of [
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8', '6982944f18fc82d589c403a47a0d0919'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97', '5248c4959014126a6e8a84f11d1a9e1c'],
  ] as const) {
    it(`the stream of a key of ${4 * key.length} bits, in two pieces`, () => {
      const cipher = new Rc4(fromHex(key));
      expect(toHex(cipher.crypt(new Uint8Array(16)))).to.equal(at0);
      expect(toHex(cipher.crypt(new Uint8Array(16)))).to.equal(at16);
    });
  }

  it('decrypts what it encrypts, and leaves its input as it is', () => {
    const message = asciiBytes('Plaintext');
    const encrypted = new Rc4(asciiBytes('Key')).crypt(message);
    expect(toHex(encrypted)).to.not.equal(toHex(message));
    expect(new Rc4(asciiBytes('Key')).crypt(encrypted)).to.deep.equal(message);
    expect(message).to.deep.equal(asciiBytes('Plaintext'));
  });
});
