import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { DecodeErrorCode } from '../../codecs/core/errors.ts';
import { ProtocolError } from '../../codecs/core/errors.ts';
import { fromHex } from '../../codecs/core/json.ts';
import { protocolNamed } from '../../codecs/protocols.ts';
import { encodeUrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import { isSender } from '../../src/cli/dissectionRequest.ts';
import { dissect } from '../../src/cli/dissector.ts';
import { decodeErrorOf } from '../codecs/vectors.ts';

const PAGE = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

/** Fails to compile when a code is added or removed, so that the page is looked at. */
const CODES: Readonly<Record<DecodeErrorCode, true>> = {
  TRUNCATED: true,
  TRAILING_BYTES: true,
  LENGTH_MISMATCH: true,
  INVALID_VALUE: true,
  LIMIT_EXCEEDED: true,
  UNKNOWN_MESSAGE: true,
};

describe('docs/errors.md', () => {
  it('has a section for every code of DecodeError, and for no other', () => {
    const sections = [...PAGE.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code);
    expect(sections).to.deep.equal(Object.keys(CODES));
  });

  const examples = [...PAGE.matchAll(/^\$ urbdrc decode (.*) ([0-9a-f]+)\nerror: (.*)$/gm)];

  it('has examples', () => expect(examples).to.have.length(5));

  for (const [, options = '', hex = '', message = ''] of examples) {
    it(`prints what decoding gives: ${message}`, () => {
      const layer = /--layer (\S+)/.exec(options)?.[1] ?? 'urbdrc';
      const from = /--from (\S+)/.exec(options)?.[1];
      const protocol = protocolNamed(layer);
      if (protocol === undefined) throw new Error(layer);
      const context = isSender(from) ? { from } : {};
      const error = decodeErrorOf(() => dissect(fromHex(hex), protocol, context));
      expect(error?.message).to.equal(message);
      const section = PAGE.slice(0, PAGE.indexOf(message)).lastIndexOf('### `');
      expect(PAGE.slice(section)).to.match(new RegExp(`^### \`${error?.code ?? ''}\``));
    });
  }

  it('prints what a static channel says of too long a message', () => {
    const { error } = new StaticChannel().receive(fromHex('0100010003000000'));
    expect(PAGE).to.include(`\n${error?.message ?? '?'}\n`);
  });

  it('prints what a ProtocolError says', () => {
    const spec = { document: 'MS-RDPEUSB', section: '3.1.5' };
    const { message } = new ProtocolError('TRANSFER_IN_REQUEST', 'announced', 'not allowed now', spec);
    expect(PAGE).to.include(`\n${message}\n`);
  });

  it('prints what a UsageError says', () => {
    const encode = () =>
      encodeUrbdrcMessage({ name: 'CANCEL_REQUEST', interfaceId: 5, messageId: 0, requestId: 2 ** 32 });
    expect(encode).to.throw('4294967296 is not an integer');
    try {
      encode();
    } catch (error) {
      expect(PAGE).to.include(`\n${(error as Error).message}\n`);
    }
  });
});
