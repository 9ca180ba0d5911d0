import { nextState, type Transitions } from '../channels/machine.ts';
import type { ShareDecision } from '../policy/shareRules.ts';

/** Milliseconds in which the holder of a device answers whether it gives the device up; no answer is a no. */
export const ANSWER_TIME = 20_000;
/** Milliseconds for an orderly hand-over; then the device is taken by force. */
export const HAND_OVER_TIME = 2000;
/** Milliseconds in which somebody from whom a device was taken cannot take it back. */
export const FAIRNESS_TIME = 10_000;
/** Claims that wait for one device. */
export const LONGEST_QUEUE = 16;

/** Whose device it is: states of a device at the end that has it. */
export type ShareStateName = 'free' | 'held' | 'asked' | 'leaving' | 'locked';

/** What moves a {@link ShareStateName}. */
export type ShareInput =
  | 'granted'
  | 'claimAsks'
  | 'claimTakes'
  | 'takenBack'
  | 'agreed'
  | 'declined'
  | 'answerTimedOut'
  | 'claimantLeft'
  | 'handOverTimedOut'
  | 'released'
  | 'releasedToNext'
  | 'locked'
  | 'unlocked';

/**
 * One device that several may want. `releasedToNext`: somebody waits, or is the one for whom it was taken. An input that is
 * not listed for a state does nothing there: answers and releases cross with what makes them void.
 */
export const DEVICE_SHARE_TRANSITIONS = {
  free: { granted: 'held' },
  held: {
    claimAsks: 'asked',
    claimTakes: 'leaving',
    takenBack: 'leaving',
    released: 'free',
    releasedToNext: 'held',
    locked: 'locked',
  },
  asked: {
    agreed: 'leaving',
    declined: 'held',
    answerTimedOut: 'held',
    claimantLeft: 'held',
    takenBack: 'leaving',
    releasedToNext: 'held',
  },
  leaving: {
    takenBack: 'leaving',
    handOverTimedOut: 'leaving',
    claimantLeft: 'leaving',
    released: 'free',
    releasedToNext: 'held',
  },
  locked: { unlocked: 'held', takenBack: 'leaving', released: 'free', releasedToNext: 'held' },
} as const satisfies Transitions<ShareStateName, ShareInput>;

/** Somebody who has a device, or wants it. */
export interface Claimant {
  /** For people: the user, or the address. */
  readonly name: string;
}

/** Where a device stands. Times are the hub's clock, milliseconds. */
export type DeviceShareState<C extends Claimant = Claimant> =
  | { readonly name: 'free' }
  | { readonly name: 'held'; readonly holder: C; readonly since: number }
  /** The holder was asked whether it gives the device to `claimant`. */
  | { readonly name: 'asked'; readonly holder: C; readonly since: number; readonly claimant: C; readonly until: number }
  /** The device is being taken from the holder; `claimant` is undefined where it is taken for nobody. */
  | {
      readonly name: 'leaving';
      readonly holder: C;
      readonly since: number;
      readonly claimant: C | undefined;
      /** When the hand-over begins: later than the decision where the holder gets notice. */
      readonly begins: number;
      /** When it ends by force. */
      readonly until: number;
    }
  /** Every claim is refused. */
  | { readonly name: 'locked'; readonly holder: C; readonly since: number; readonly reason: string };

/** A wish to have a device. */
export interface DeviceClaim<C extends Claimant = Claimant> {
  readonly claimant: C;
  /** `take`: also while somebody has it, where the rule lets that happen. */
  readonly want: 'normal' | 'take';
  /** Milliseconds that it waits in the queue; 0: it does not. */
  readonly wait: number;
}

/** What a {@link DeviceShare} wants done, or told. */
export type DeviceShareEvent<C extends Claimant = Claimant> =
  /** The claimant has the device now. `from` is set where it was taken from somebody, who had had it since `since`. */
  | { readonly type: 'granted'; readonly claimant: C; readonly from: C | undefined; readonly since: number }
  | {
      readonly type: 'refused';
      readonly claimant: C;
      readonly holder: C | undefined;
      /** Since when the holder has it. */
      readonly since: number | undefined;
      readonly reason: string;
    }
  | {
      readonly type: 'queued';
      readonly claimant: C;
      readonly holder: C;
      readonly since: number;
      /** 1 is the next. */
      readonly place: number;
    }
  /** Ask the holder, and call {@link DeviceShare.answer}. */
  | { readonly type: 'holderAsked'; readonly holder: C; readonly since: number; readonly claimant: C }
  /** The question is over without an answer. */
  | { readonly type: 'questionWithdrawn' }
  /** The device will be taken at `begins`. */
  | {
      readonly type: 'noticed';
      readonly holder: C;
      readonly since: number;
      readonly claimant: C | undefined;
      readonly begins: number;
    }
  /** Take the device from the holder in good order, and call {@link DeviceShare.released}. */
  | { readonly type: 'handOver'; readonly holder: C; readonly claimant: C | undefined; readonly until: number }
  /** It took too long: cut the holder off, and call {@link DeviceShare.released}. */
  | { readonly type: 'forced'; readonly holder: C };

interface Waiting<C extends Claimant> {
  readonly claimant: C;
  readonly until: number;
}

/**
 * Whose a device is, who wants it, and who gets it next. Without I/O and clock: it gets `now`, in milliseconds, with each
 * input, answers with events, and says in {@link nextTimeout} when it wants to be called.
 *
 * Claimants are told apart by identity. A right passes on: when the holder goes, for whatever reason, the first of the
 * queue has the device.
 */
export class DeviceShare<C extends Claimant> {
  #state: DeviceShareState<C> = { name: 'free' };
  #queue: readonly Waiting<C>[] = [];
  /** Of the claim about which the holder is asked: milliseconds that it waits if the answer is no. */
  #askedWait = 0;
  /** When it was taken from whom, by name: one who comes back is another object. */
  readonly #takenFrom = new Map<string, number>();
  #events: DeviceShareEvent<C>[] = [];

  get state(): DeviceShareState<C> {
    return this.#state;
  }

  /** Those who wait, the next one first. */
  get queue(): readonly C[] {
    return this.#queue.map(({ claimant }) => claimant);
  }

  /** `rule` decides where the claim wants to take the device from somebody. */
  claim(claim: DeviceClaim<C>, rule: ShareDecision, now: number): readonly DeviceShareEvent<C>[] {
    const { claimant, want, wait } = claim;
    const state = this.#state;
    if (state.name === 'free') {
      this.#grant('granted', claimant, undefined, now);
    } else if (state.holder === claimant) {
      this.#emit({ type: 'granted', claimant, from: undefined, since: state.since });
    } else if (state.name === 'locked') {
      this.#refuse(claimant, `it is locked: ${state.reason}`);
    } else if (state.name !== 'held') {
      if (state.claimant !== claimant) this.#wait(claimant, wait, 'somebody else is to have it next', now);
    } else if (want === 'normal') {
      this.#wait(claimant, wait, 'it is in use', now);
    } else if (this.#wasTakenFrom(claimant, now)) {
      const reason = `it was taken from ${claimant.name} less than ${FAIRNESS_TIME / 1000} s ago`;
      this.#wait(claimant, wait, reason, now);
    } else {
      this.#contest(claim, rule, now);
    }
    return this.#take();
  }

  /** The holder's answer to `holderAsked`; `reason` is why it is a no, a phrase. */
  answer(isYes: boolean, now: number, reason?: string): readonly DeviceShareEvent<C>[] {
    const state = this.#state;
    if (state.name !== 'asked') return [];
    if (isYes) this.#leave('agreed', state.claimant, 0, now);
    else this.#keep('declined', reason ?? `${state.holder.name} keeps it`, now);
    return this.#take();
  }

  /**
   * Takes the device from its holder whatever the rules say, for `to`, or for whoever is next. A person decided it, or the
   * holder wants it so.
   */
  takeBack(to: C | undefined, now: number): readonly DeviceShareEvent<C>[] {
    const state = this.#state;
    if (state.name === 'free') return [];
    if (state.name === 'asked') this.#emit({ type: 'questionWithdrawn' });
    const next = 'claimant' in state ? state.claimant : undefined;
    if (state.name === 'leaving') this.#move('takenBack', { ...state, claimant: to ?? next });
    else this.#leave('takenBack', to ?? next, 0, now);
    if (to !== undefined && next !== undefined && to !== next) this.#refuse(next, `a person gave it to ${to.name}`);
    return this.#take();
  }

  /** The holder has no more of the device: it gave it up, ended, or was cut off. */
  released(now: number): readonly DeviceShareEvent<C>[] {
    const state = this.#state;
    if (state.name === 'free') return [];
    if (state.name === 'asked') this.#emit({ type: 'questionWithdrawn' });
    const claimant = 'claimant' in state ? state.claimant : undefined;
    const isTaken = state.name === 'leaving' && claimant !== undefined;
    if (isTaken) this.#takenFrom.set(state.holder.name, now);
    const next = claimant ?? this.#queue[0]?.claimant;
    if (next === undefined) this.#move('released', { name: 'free' });
    else this.#grant('releasedToNext', next, isTaken ? state.holder : undefined, now);
    return this.#take();
  }

  /** `claimant` wants it no more, or is gone. Its device, if it has one, ends with {@link released}. */
  withdraw(claimant: C): readonly DeviceShareEvent<C>[] {
    this.#forget(claimant);
    return this.#take();
  }

  /** Every claim is refused from now on. False: nobody has the device, or it is being asked for or taken already. */
  lock(reason: string): boolean {
    const state = this.#state;
    return state.name === 'held' && this.#move('locked', { ...held(state), name: 'locked', reason });
  }

  /** Ends a {@link lock}. */
  unlock(): void {
    const state = this.#state;
    if (state.name === 'locked') this.#move('unlocked', held(state));
  }

  /** Nobody will get the device any more: whoever wants it is refused. The holder has it until {@link released}. */
  end(reason: string): readonly DeviceShareEvent<C>[] {
    const state = this.#state;
    const next = 'claimant' in state && state.claimant !== undefined ? [state.claimant] : [];
    for (const claimant of [...next, ...this.queue]) {
      this.#forget(claimant);
      this.#refuse(claimant, reason);
    }
    return this.#take();
  }

  /** When {@link handleTimeout} is due. */
  nextTimeout(): number | undefined {
    const state = this.#state;
    const times = this.#queue.map(({ until }) => until);
    if (state.name === 'asked') times.push(state.until);
    if (state.name === 'leaving') times.push(Math.min(state.begins, state.until));
    const next = Math.min(...times);
    return Number.isFinite(next) ? next : undefined;
  }

  handleTimeout(now: number): readonly DeviceShareEvent<C>[] {
    const late = this.#queue.filter(({ until }) => until <= now);
    this.#queue = this.#queue.filter(({ until }) => until > now);
    for (const { claimant } of late) this.#refuse(claimant, 'it did not become free in time');
    const state = this.#state;
    if (state.name === 'asked' && state.until <= now) {
      this.#emit({ type: 'questionWithdrawn' });
      this.#keep('answerTimedOut', `${state.holder.name} did not answer within ${ANSWER_TIME / 1000} s`, now);
    }
    if (state.name === 'leaving') this.#advance(now);
    return this.#take();
  }

  #forget(claimant: C): void {
    this.#queue = this.#queue.filter((each) => each.claimant !== claimant);
    const state = this.#state;
    if (state.name === 'asked' && state.claimant === claimant) {
      this.#emit({ type: 'questionWithdrawn' });
      this.#move('claimantLeft', held(state));
    }
    if (state.name === 'leaving' && state.claimant === claimant) {
      this.#move('claimantLeft', { ...state, claimant: undefined });
    }
  }

  #contest({ claimant, wait }: DeviceClaim<C>, { action, reason, notice }: ShareDecision, now: number): void {
    const state = this.#state;
    if (state.name === 'free') return;
    switch (action) {
      case 'take':
        this.#leave('claimTakes', claimant, notice, now);
        return;
      case 'ask':
        this.#askedWait = wait;
        this.#move('claimAsks', { ...held(state), name: 'asked', claimant, until: now + ANSWER_TIME });
        this.#emit({ type: 'holderAsked', holder: state.holder, since: state.since, claimant });
        return;
      case 'refuse':
        this.#wait(claimant, wait, reason, now);
    }
  }

  #leave(input: ShareInput, claimant: C | undefined, notice: number, now: number): void {
    const state = this.#state;
    if (state.name === 'free') return;
    const begins = now + notice;
    const next = { ...held(state), name: 'leaving', claimant, begins, until: begins + HAND_OVER_TIME } as const;
    if (!this.#move(input, next)) return;
    if (notice > 0) this.#emit({ type: 'noticed', holder: state.holder, since: state.since, claimant, begins });
    else this.#advance(now);
  }

  /** Begins the hand-over when its time has come, and ends it by force when it takes too long. */
  #advance(now: number): void {
    const state = this.#state;
    if (state.name !== 'leaving') return;
    const { holder, claimant, until } = state;
    if (state.begins <= now) {
      this.#state = { ...state, begins: Infinity };
      this.#emit({ type: 'handOver', holder, claimant, until });
    }
    if (until <= now && this.#move('handOverTimedOut', { ...state, begins: Infinity, until: Infinity })) {
      this.#emit({ type: 'forced', holder });
    }
  }

  /** The holder keeps the device. Who asked for it waits, or is refused. */
  #keep(input: 'declined' | 'answerTimedOut', reason: string, now: number): void {
    const state = this.#state;
    if (state.name !== 'asked' || !this.#move(input, held(state))) return;
    this.#wait(state.claimant, this.#askedWait, reason, now);
  }

  #grant(input: 'granted' | 'releasedToNext', claimant: C, from: C | undefined, now: number): void {
    const since = this.#state.name === 'free' ? now : this.#state.since;
    if (!this.#move(input, { name: 'held', holder: claimant, since: now })) return;
    this.#queue = this.#queue.filter((each) => each.claimant !== claimant);
    this.#emit({ type: 'granted', claimant, from, since });
  }

  #wait(claimant: C, wait: number, reason: string, now: number): void {
    const state = this.#state;
    if (state.name === 'free') return;
    const place = this.#queue.findIndex((each) => each.claimant === claimant) + 1;
    if (place === 0 && wait <= 0) {
      this.#refuse(claimant, reason);
      return;
    }
    if (place === 0 && this.#queue.length >= LONGEST_QUEUE) {
      this.#refuse(claimant, `${reason}, and ${LONGEST_QUEUE} wait for it already`);
      return;
    }
    if (place === 0) this.#queue = [...this.#queue, { claimant, until: now + wait }];
    const { holder, since } = state;
    this.#emit({ type: 'queued', claimant, holder, since, place: place === 0 ? this.#queue.length : place });
  }

  #refuse(claimant: C, reason: string): void {
    const { holder, since } = this.#state.name === 'free' ? NOBODY : this.#state;
    this.#emit({ type: 'refused', claimant, holder, since, reason });
  }

  #wasTakenFrom({ name }: C, now: number): boolean {
    for (const [each, at] of this.#takenFrom) if (at + FAIRNESS_TIME <= now) this.#takenFrom.delete(each);
    return this.#takenFrom.has(name);
  }

  /** False, and nothing is changed, where the table does not lead from the present state to this one. */
  #move(input: ShareInput, next: DeviceShareState<C>): boolean {
    const allowed = nextState<ShareStateName, ShareInput>(DEVICE_SHARE_TRANSITIONS, this.#state.name, input);
    if (allowed !== next.name) return false;
    this.#state = next;
    return true;
  }

  #emit(event: DeviceShareEvent<C>): void {
    this.#events.push(event);
  }

  #take(): readonly DeviceShareEvent<C>[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const NOBODY = { holder: undefined, since: undefined };

function held<C extends Claimant>({ holder, since }: { readonly holder: C; readonly since: number }) {
  return { name: 'held', holder, since } as const;
}
