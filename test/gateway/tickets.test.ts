import { expect } from 'chai';
import * as jose from 'jose';
import { exportJWK, exportSPKI, generateKeyPair, UnsecuredJWT } from 'jose';
import { UsageError } from '../../codecs/core/errors.ts';
import { type TicketOptions, Tickets } from '../../src/gateway/tickets.ts';
import { OwnUsedTokens } from '../../src/gateway/tokens/usedTokens.ts';
import { TransportError } from '../../transports/transportError.ts';
import { failureOf } from '../transports/listening.ts';
import { NOW, SECRET, token } from './signing.ts';

const time = () => new Date(1000 * NOW);
const checker = (options: Partial<TicketOptions> = {}) =>
  new Tickets(jose, {
    key: { kind: 'secret', secret: SECRET },
    algorithms: ['HS256'],
    audience: 'urbdrc',
    time,
    ...options,
  });

/** How a token is refused. */
async function refusal(tickets: Tickets, text: string): Promise<string> {
  const error = await failureOf(tickets.redeem(text));
  expect(error).to.be.instanceOf(TransportError).and.include({ code: 'WRONG_TOKEN' });
  return error.message;
}

describe('gateway: tickets', () => {
  it('a token names user and target', async () => {
    expect(await checker().redeem(await token())).to.deep.equal({ user: 'alice', target: 'desk' });
  });

  it('a token is good for one connection', async () => {
    const tickets = checker();
    const text = await token();
    await tickets.redeem(text);
    expect(await refusal(tickets, text)).to.match(/was used before/);
  });

  it('of two that come at once with one token one passes', async () => {
    const tickets = checker();
    const text = await token();
    const results = await Promise.allSettled([tickets.redeem(text), tickets.redeem(text)]);
    expect(results.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
  });

  it('a token has an end, which is near and not over, 30 s apart at most', async () => {
    expect(await refusal(checker(), await token({ exp: NOW - 31 }))).to.match(/has expired/);
    await checker().redeem(await token({ exp: NOW - 29 }));
    expect(await refusal(checker(), await token({ exp: undefined }))).to.match(/claim exp is missing/);
    expect(await refusal(checker(), await token({ exp: NOW + 331 }))).to.match(/more than 300 s/);
    await checker().redeem(await token({ exp: NOW + 330 }));
    expect(await refusal(checker(), await token({ nbf: NOW + 31 }))).to.match(/claim nbf/);
  });

  it('a token is for this audience, and has user, target and id', async () => {
    expect(await refusal(checker(), await token({ aud: 'mail' }))).to.match(/claim aud/);
    for (const claim of ['aud', 'sub', 'tgt', 'jti']) {
      expect(await refusal(checker(), await token({ [claim]: undefined }))).to.include(`claim ${claim}`);
    }
    for (const value of ['', 7, 'x'.repeat(129), ['desk']]) {
      expect(await refusal(checker(), await token({ tgt: value }))).to.match(/claim tgt is not a text of 1 to 128/);
    }
  });

  it('a token of another key, one that was changed, and what is no token are refused', async () => {
    const other = new TextEncoder().encode('another secret of 32 bytes, or so');
    expect(await refusal(checker(), await token({}, other))).to.match(/not signed with a key/);
    const [head = '', , signature = ''] = (await token()).split('.');
    const [, claims = ''] = (await token({ sub: 'root' })).split('.');
    expect(await refusal(checker(), `${head}.${claims}.${signature}`)).to.match(/not signed with a key/);
    for (const text of ['x', 'a.b.c', '..', '{}']) expect(await refusal(checker(), text)).to.match(/the token is not/);
    expect(await refusal(checker(), 'x'.repeat(4097))).to.match(/more than 4096 characters/);
  });

  it('a token without a signature (algorithm none) is refused', async () => {
    const claims = { aud: 'urbdrc', sub: 'alice', tgt: 'desk', jti: 'a', exp: NOW + 60 };
    expect(await refusal(checker(), new UnsecuredJWT(claims).encode())).to.match(/algorithm that is not allowed/);
  });

  it('an algorithm that was not configured is refused, also with the right key', async () => {
    expect(await refusal(checker(), await token({}, SECRET, 'HS512'))).to.match(/algorithm that is not allowed/);
    const both = checker({ algorithms: ['HS256', 'HS512'] });
    const long = new Uint8Array(64).fill(7);
    expect(await refusal(both, await token({}, long, 'HS512'))).to.match(/not signed with a key/);
    await both.redeem(await token({}, SECRET, 'HS512'));
  });

  for (const alg of ['EdDSA', 'ES256', 'RS256']) {
    it(`public keys (${alg}): in PEM and in a key set; the key's text is no secret for HS256`, async () => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const pem = await exportSPKI(publicKey);
      const json = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg }] });
      for (const key of [{ kind: 'publicKey', pem } as const, { kind: 'keySet', json } as const]) {
        const tickets = checker({ key, algorithms: [alg] });
        expect(await tickets.redeem(await token({}, privateKey, alg))).to.include({ user: 'alice' });
        const forged = await token({}, new TextEncoder().encode(pem), 'HS256');
        expect(await refusal(tickets, forged)).to.match(/algorithm that is not allowed/);
        const { privateKey: foreign } = await generateKeyPair(alg);
        expect(await refusal(tickets, await token({}, foreign, alg))).to.match(/not signed with a key/);
      }
    });
  }

  it('keys and algorithms that do not fit are refused at the start', () => {
    const pem = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';
    const wrong: [Partial<TicketOptions>, RegExp][] = [
      [{ algorithms: ['none'] }, /none does not go with a shared secret/],
      [{ algorithms: [] }, /no algorithm does not go/],
      [{ algorithms: ['HS256', 'RS256'] }, /RS256 does not go with a shared secret/],
      [{ key: { kind: 'publicKey', pem }, algorithms: ['HS256'] }, /HS256 does not go with a public key/],
      [{ key: { kind: 'publicKey', pem }, algorithms: ['RS256'] }, /not a public key in PEM/],
      [{ key: { kind: 'keySet', json: '{"keys":7}' }, algorithms: ['RS256'] }, /not a JSON Web Key Set/],
      [{ key: { kind: 'secret', secret: SECRET.subarray(1) } }, /has 31 bytes, it needs 32/],
    ];
    for (const [options, message] of wrong) expect(() => checker(options)).to.throw(UsageError, message);
  });

  it('used tokens are remembered up to a bound, beyond which none is taken, until some are over', async () => {
    let now = NOW;
    const tickets = checker({ used: new OwnUsedTokens(2), time: () => new Date(1000 * now) });
    const first = await token({ exp: NOW + 10 });
    await tickets.redeem(first);
    await tickets.redeem(await token());
    const error = await failureOf(tickets.redeem(await token()));
    expect(error).to.include({ code: 'TOO_MANY_CONNECTIONS' });
    now = NOW + 39;
    expect(await refusal(tickets, first)).to.match(/was used before/);
    now = NOW + 41;
    await tickets.redeem(await token());
  });
});
