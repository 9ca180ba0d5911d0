import type { Clock } from '../ports/clock.ts';
import type { Gateway } from './gateway.ts';
import { accessTakenBack } from './tokens/plainToken.ts';

/** Milliseconds from the begin of a look to the next one. */
const LOOK_AGAIN = 5000;

export interface RevocationOptions {
  readonly gateway: Pick<Gateway, 'users' | 'end'>;
  /** Those of some users whose access was taken back. Rejects while that cannot be known: then nobody is ended. */
  readonly revoked: (users: readonly string[]) => Promise<readonly string[]>;
  readonly clock: Clock;
}

/** Ends connections of users whose access is taken back meanwhile. What it gives stops that. */
export function watchRevocations({ gateway, revoked, clock }: RevocationOptions): () => void {
  let stop = () => {};
  let isOver = false;
  const look = async () => {
    const next = clock.now() + LOOK_AGAIN;
    const users = gateway.users;
    const found = users.length === 0 ? [] : await revoked(users).catch(() => []);
    for (const user of found) gateway.end(user, accessTakenBack());
    if (!isOver) wait(next - clock.now());
  };
  const wait = (time: number) => (stop = clock.after(Math.max(0, time), () => void look()));
  wait(LOOK_AGAIN);
  return () => {
    isOver = true;
    stop();
  };
}
