import type { RedirectionClient } from '../engine/client.ts';
import type { Clock } from '../ports/clock.ts';
import { systemClock } from '../systemClock.ts';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import { Failure } from './failure.ts';
import { aborted } from './stopSignal.ts';

/** Milliseconds for a server to open its first channel; a listener that misses a token says so after 3 seconds. */
const HELLO_TIME = 6000;
/** Windows does so when the user's session has begun, which may take long. */
const RDP_HELLO_TIME = 60_000;

/**
 * Waits for the server's first channel: a port that takes connections may belong to any program, and not every RDP server
 * has USB redirection. A Failure says that this is no server; `over`: the connection or the command has ended before.
 * @param others names of the channels that the server opened for something else
 */
export async function helloOf(
  remote: string,
  greeted: Promise<void>,
  others: ReadonlySet<string>,
  { closed }: Pick<RedirectionClient, 'closed'>,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<'came' | 'over' | Failure> {
  let stop: () => void = () => {};
  const [time, problem] = isRdpUrl(remote)
    ? ([RDP_HELLO_TIME, () => withoutUsb(remote, others)] as const)
    : ([HELLO_TIME, () => silent(remote)] as const);
  const late = new Promise<Failure>((resolve) => {
    stop = clock.after(time, () => resolve(new Failure(problem())));
  });
  const over = Promise.race([closed, aborted(signal)]);
  try {
    return await Promise.race([late, greeted.then(() => 'came' as const), over.then(() => 'over' as const)]);
  } finally {
    stop();
  }
}

function silent(remote: string): string {
  const problem = `${remote} takes connections, but nothing that \`urbdrc serve\` says came within ${HELLO_TIME / 1000} s`;
  return `${problem}: is it another program, or does it expect tls:// or a token?`;
}

/** Why nothing is redirected, as far as the bytes tell. */
function withoutUsb(remote: string, others: ReadonlySet<string>): string {
  const seconds = RDP_HELLO_TIME / 1000;
  return others.size > 0
    ? `${remote} opened channels (${[...others].join(', ')}) within ${seconds} s, and none for USB: a policy there forbids ` +
        'USB redirection, its edition does not have it, or, where it has no network level authentication, the password is ' +
        'wrong and it waits at its logon screen; see docs/windows.md'
    : `${remote} opened no dynamic channel within ${seconds} s: it waits at its logon screen, or has no USB redirection; ` +
        'see docs/windows.md';
}
