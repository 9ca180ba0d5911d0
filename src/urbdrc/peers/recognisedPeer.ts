import { UsageError } from '../../../codecs/core/errors.ts';
import type { PeerEvidence } from './evidence.ts';
import { PEER_NAMES, PEER_PROFILES, type PeerName, type PeerProfile, type PeerSettings } from './profiles.ts';

/**
 * The profile of one connection's client. It starts as `generic`, is recognised by the client's first device or never,
 * and sometimes its version shows later. If the caller names the profile, nothing is detected.
 */
export class RecognisedPeer {
  #profile: PeerProfile;
  /** Kinds of evidence that may still change the profile. Each kind counts once for each profile. */
  #awaited: ReadonlySet<PeerEvidence['type']>;

  /** @param name forces a profile. Default: detected from the client's messages. @throws UsageError when there is no such profile */
  constructor(name?: PeerName) {
    this.#profile = profileOf(name ?? 'generic');
    this.#awaited = name === undefined ? awaitedAfter(this.#profile.name) : new Set();
  }

  get profile(): PeerProfile {
    return this.#profile;
  }

  get settings(): PeerSettings {
    return this.#profile.settings;
  }

  /** Whether evidence of this kind can still change the profile. */
  awaits(type: PeerEvidence['type']): boolean {
    return this.#awaited.has(type);
  }

  /** The new profile, where `evidence` shows one. */
  learn(evidence: PeerEvidence): PeerProfile | undefined {
    if (!this.#awaited.has(evidence.type)) return undefined;
    const { name } = this.#profile;
    const shown = PEER_PROFILES.find(({ recognition }) =>
      recognition.some(
        (each) => each.evidence === evidence.type && each.after.includes(name) && each.matches(evidence),
      ),
    );
    if (shown === undefined) {
      this.#awaited = new Set([...this.#awaited].filter((type) => type !== evidence.type));
      return undefined;
    }
    this.#profile = shown;
    this.#awaited = awaitedAfter(shown.name);
    return shown;
  }
}

function profileOf(name: string): PeerProfile {
  const profile = PEER_PROFILES.find((each) => each.name === name);
  if (profile === undefined) throw new UsageError(`peer: there is no ${name}, only ${PEER_NAMES.join(', ')}`);
  return profile;
}

function awaitedAfter(name: PeerName): ReadonlySet<PeerEvidence['type']> {
  return new Set(
    PEER_PROFILES.flatMap(({ recognition }) =>
      recognition.filter(({ after }) => after.includes(name)).map(({ evidence }) => evidence),
    ),
  );
}
