import { expect } from 'chai';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { utf16Bytes } from '../../codecs/core/text.ts';
import { AuthenticateMessage } from '../../codecs/ntlm/authenticateMessage.ts';
import { AvId, AvPairs } from '../../codecs/ntlm/avPairs.ts';
import { ChallengeMessage } from '../../codecs/ntlm/challengeMessage.ts';
import { NtlmClientChallenge } from '../../codecs/ntlm/clientChallenge.ts';
import { NtlmClient } from '../../src/nla/ntlmClient.ts';
import { channelBindings, computeProof, hmacMd5, responseKey, sealingKey, signingKey } from '../../src/nla/ntlmKeys.ts';
import { NtlmSession } from '../../src/nla/ntlmSession.ts';
import { Rc4 } from '../../src/nla/rc4.ts';
import { loadVectors } from '../codecs/vectors.ts';

/** [MS-NLMP] 4.2.1. */
const CLIENT_CHALLENGE = fromHex('aaaaaaaaaaaaaaaa');
const SERVER_CHALLENGE = fromHex('0123456789abcdef');
const SESSION_KEY = fromHex('55555555555555555555555555555555');
const CREDENTIALS = { userName: 'User', domainName: 'Domain', password: 'Password' };
const OPTIONS = {
  clientChallenge: CLIENT_CHALLENGE,
  sessionKey: SESSION_KEY,
  fileTime: new Uint8Array(8),
  workstation: 'COMPUTER',
};

const sample = (folder: string) =>
  fromHex(loadVectors('ntlm', (each) => each === folder).find(({ file }) => file.endsWith('/sample'))?.hex ?? '');

describe('NTLMv2, the numbers of [MS-NLMP] 4.2.4', () => {
  const key = responseKey('User', 'Domain', 'Password');
  const proof = computeProof(key, SERVER_CHALLENGE, CLIENT_CHALLENGE, sample('NTLMv2_CLIENT_CHALLENGE'), false);

  it('NTOWFv2 (4.2.4.1.1)', () => {
    expect(toHex(key)).to.equal('0c868a403bfd7a93a3001ef22ef02e3f');
  });

  it('the user name counts in any case, the domain as it is', () => {
    expect(toHex(responseKey('uSER', 'Domain', 'Password'))).to.equal(toHex(key));
    expect(toHex(responseKey('User', 'DOMAIN', 'Password'))).to.not.equal(toHex(key));
  });

  it('session base key (4.2.4.1.2)', () => {
    expect(toHex(proof.sessionBaseKey)).to.equal('8de40ccadbc14a82f15cb0ad0de95ca3');
  });

  it('LMv2 and NTLMv2 responses (4.2.4.2.1, 4.2.4.2.2)', () => {
    expect(toHex(proof.lmChallengeResponse)).to.equal('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
    expect(toHex(proof.ntChallengeResponse.subarray(0, 16))).to.equal('68cd0ab851e51c96aabc927bebef6a1c');
  });

  it('encrypted session key (4.2.4.2.3)', () => {
    const encrypted = new Rc4(proof.sessionBaseKey).crypt(SESSION_KEY);
    expect(toHex(encrypted)).to.equal('c5dad2544fc9799094ce1ce90bc9d03e');
  });

  it('sealing and signing keys (4.2.4.4)', () => {
    expect(toHex(sealingKey(SESSION_KEY, 'client-to-server'))).to.equal('59f600973cc4960a25480a7c196e4c58');
    expect(toHex(signingKey(SESSION_KEY, 'client-to-server'))).to.equal('4788dc861b4782f35d43fd98fe1a2d39');
  });

  it('sealed message and its signature (4.2.4.4)', () => {
    const sealed = new NtlmSession(SESSION_KEY).seal(utf16Bytes('Plaintext'));
    expect(toHex(sealed)).to.equal('010000007fb38ec5c55d49760000000054e50165bf1936dc996020c1811b0f06fb5f');
  });
});

describe('NtlmSession', () => {
  const pair = () => ({ client: new NtlmSession(SESSION_KEY), server: new NtlmSession(SESSION_KEY, 'server') });

  it('opens what the other end sealed, message after message, in both directions', () => {
    const { client, server } = pair();
    for (const text of ['one', 'two', '']) {
      expect(server.open(client.seal(utf16Bytes(text)))).to.deep.equal(utf16Bytes(text));
      expect(client.open(server.seal(utf16Bytes(text)))).to.deep.equal(utf16Bytes(text));
    }
  });

  it('does not open a message with a changed bit, a repeated one, one of the same end, and what is too short', () => {
    const sealed = pair().client.seal(utf16Bytes('one'));
    for (let index = 0; index < sealed.byteLength; index += 1) {
      expect(pair().server.open(sealed.with(index, (sealed[index] ?? 0) ^ 1)), String(index)).to.equal(undefined);
    }
    const { client, server } = pair();
    server.open(sealed);
    expect(server.open(sealed)).to.equal(undefined);
    expect(client.open(sealed)).to.equal(undefined);
    expect(server.open(sealed.subarray(0, 15))).to.equal(undefined);
  });
});

describe('NtlmClient', () => {
  const answer = (challenge: Uint8Array, options = {}) => {
    const client = new NtlmClient(CREDENTIALS, { ...OPTIONS, ...options });
    const { message } = client.authenticate(challenge);
    const reader = new Reader(message, AuthenticateMessage.name, AuthenticateMessage.spec);
    return { client, message, value: AuthenticateMessage.decode(reader) };
  };
  /** The sample's challenge, of a server that also gives its time. */
  const timed = () => {
    const value = ChallengeMessage.decode(
      new Reader(sample('CHALLENGE_MESSAGE'), 'CHALLENGE_MESSAGE', ChallengeMessage.spec),
    );
    const time = { avId: AvId.MsvAvTimestamp, value: fromHex('0102030405060708') };
    const targetInfo = joinParts(AvPairs.encode({ name: 'AV_PAIR', pairs: [time] }));
    return joinParts(
      ChallengeMessage.encode({ ...value, negotiateFlags: (value.negotiateFlags | 0x00800000) >>> 0, targetInfo }),
    );
  };
  const pairsOf = ({ ntChallengeResponse }: { readonly ntChallengeResponse: Uint8Array }) => {
    const reader = new Reader(ntChallengeResponse.subarray(16), 'temp', NtlmClientChallenge.spec, { lenient: true });
    return new Map(NtlmClientChallenge.decode(reader).avPairs.pairs.map(({ avId, value }) => [avId, toHex(value)]));
  };

  it('answers the sample challenge with the names and the key of the sample (4.2.4.3)', () => {
    const { value } = answer(sample('CHALLENGE_MESSAGE'));
    const expected = AuthenticateMessage.decode(
      new Reader(sample('AUTHENTICATE_MESSAGE'), 'AUTHENTICATE_MESSAGE', AuthenticateMessage.spec),
    );
    for (const field of [
      'domainName',
      'userName',
      'workstation',
      'lmChallengeResponse',
      'ntChallengeResponse',
    ] as const) {
      expect(toHex(value[field]), field).to.equal(toHex(expected[field]));
    }
    expect(toHex(value.encryptedRandomSessionKey)).to.equal(toHex(expected.encryptedRandomSessionKey));
  });

  it('a server that gives its time gets no LM response, its own time, and a MIC over all three messages (3.1.5.1.2)', () => {
    const challenge = timed();
    const { client, message, value } = answer(challenge);
    expect(toHex(value.lmChallengeResponse)).to.equal('00'.repeat(24));
    expect(pairsOf(value).get(AvId.MsvAvFlags)).to.equal('02000000');
    expect(toHex(value.ntChallengeResponse.subarray(24, 32))).to.equal('0102030405060708');
    const zeroed = message.slice();
    zeroed.fill(0, 72, 88);
    expect(toHex(value.mic ?? new Uint8Array())).to.equal(
      toHex(hmacMd5(SESSION_KEY, client.negotiate, challenge, zeroed)),
    );
  });

  it('ties the proof to the TLS connection and to the name of the server ([RFC 5929] 4)', () => {
    const hash = new Uint8Array(32).fill(7);
    const { value } = answer(timed(), { channelBindings: channelBindings(hash), targetName: 'TERMSRV/host' });
    const pairs = pairsOf(value);
    expect(pairs.get(AvId.MsvAvTargetName)).to.equal(toHex(utf16Bytes('TERMSRV/host')));
    expect(pairs.get(AvId.MsvAvChannelBindings)).to.equal(toHex(channelBindings(hash)));
    expect(toHex(channelBindings(hash.with(31, 8)))).to.not.equal(pairs.get(AvId.MsvAvChannelBindings));
  });

  for (const [what, bit] of [
    ['sealing', 0x20],
    ['128 bits', 0x20000000],
    ['extended session security', 0x80000],
    ['key exchange', 0x40000000],
    ['target information', 0x800000],
  ] as const) {
    it(`refuses a server without ${what}`, () => {
      const bytes = sample('CHALLENGE_MESSAGE').slice();
      const view = new DataView(bytes.buffer);
      view.setUint32(20, view.getUint32(20, true) & ~bit, true);
      expect(() => answer(bytes)).to.throw(ProtocolError, 'sign and seal');
    });
  }

  it('refuses what is no challenge, at every cut', () => {
    const challenge = sample('CHALLENGE_MESSAGE');
    for (let length = 0; length < challenge.byteLength; length += 1) {
      expect(() => answer(challenge.subarray(0, length)), String(length)).to.throw(DecodeError);
    }
  });
});
