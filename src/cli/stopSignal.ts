import type { ProgramContext } from './programContext.ts';

/**
 * Aborted when the user wants the command to end, so that it can give back what it holds and end by itself. Call
 * `release` when the command is over.
 */
export function stopSignal(context: ProgramContext): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const release = context.onStop(() => controller.abort());
  return { signal: controller.signal, release };
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
