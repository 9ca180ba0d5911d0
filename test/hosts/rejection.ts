import { expect } from 'chai';

/** The error that a promise rejects with. Fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome, 'the promise should reject').to.be.an.instanceOf(Error);
  return outcome as Error;
}

/** `ok`, or the name of the error that a promise rejects with. */
export function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof Error ? error.name : 'not an error'),
  );
}
