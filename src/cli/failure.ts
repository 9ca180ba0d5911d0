/** Something that ends a command: one line for the user, and the exit status. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** 1: it did not work; 2: it was asked for wrongly. */
  readonly exitCode: 1 | 2;

  /** An empty message: everything was said already. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Any error in one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
}
