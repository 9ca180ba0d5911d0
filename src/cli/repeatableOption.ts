import { type Command, Option } from 'commander';

/** An option that can be given several times: every value counts. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string) {
    super(flags, description);
    this.argParser((value: string, values?: readonly string[]) => [...(values ?? []), value]);
  }
}

/** Has a command refuse any other option that is given twice: commander would drop the first value silently. */
export function refuseRepeats(command: Command): void {
  const seen = new Set<string>();
  for (const option of command.options) {
    if (option instanceof RepeatableOption) continue;
    const name = option.name();
    command.on(`option:${name}`, () => {
      if (seen.has(name)) command.error(`error: option '${option.flags}' can be given once only`);
      seen.add(name);
    });
  }
}
