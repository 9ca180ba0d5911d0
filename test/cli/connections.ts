import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start, type RunOptions } from './program.ts';

/** Programs that are started within a test, and a folder for its files; `end` frees all of it. */
export class Scene {
  readonly #running: Running[] = [];
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async begin(): Promise<Scene> {
    return new Scene(await mkdtemp(join(tmpdir(), 'urbdrc-cli-')));
  }

  async end(): Promise<void> {
    for (const running of this.#running) running.stop();
    await Promise.all(this.#running.map(({ exit }) => exit));
    await rm(this.folder, { recursive: true });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    const running = start(args, options);
    this.#running.push(running);
    return running;
  }

  /** Starts a command with `--listen` and waits until it does. */
  async listen(args: readonly string[], url: string, options: RunOptions = {}) {
    const running = this.start([...args, '--listen', url], options);
    const [, realUrl = ''] = await running.line(/^listening on (\S+)$/);
    return { running, url: realUrl };
  }
}

/** Lines that are about the program's end, of which there is one at most. */
export function complaints({ stderr }: Running): string[] {
  return stderr.lines.filter((line) => line.startsWith('urbdrc: '));
}

/** The objects that a program with --json has printed. */
export function events(running: Running): Record<string, unknown>[] {
  return running.stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Waits for an event of a program with --json, and gives it. */
export async function untilEvent(running: Running, name: string): Promise<Record<string, unknown>> {
  await new Promise<void>((resolve, reject) => {
    running.stdout.watch(() => {
      const found = events(running).some(({ event }) => event === name);
      if (found) resolve();
      return found;
    });
    void running.exit.then(() => reject(new Error(`ended without ${name}: ${running.stdout.text}`)));
  });
  return events(running).find(({ event }) => event === name) ?? {};
}
