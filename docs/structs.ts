import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { structModule } from '../codecs/core/structCode.ts';
import type { StructFactory } from '../codecs/core/struct.ts';

const CODECS = new URL('../codecs/', import.meta.url);
const SUFFIX = 'Structs.generated.ts';

/** The decoders of all field tables: content by path, one file for each folder of codecs. */
export async function structModules(): Promise<Map<string, string>> {
  const modules = new Map<string, string>();
  for (const folder of folders()) {
    const path = `codecs/${folder}/${folder}${SUFFIX}`;
    modules.set(path, structModule((await factoryOf(folder)).layouts));
  }
  return modules;
}

function folders(): string[] {
  const all = readdirSync(CODECS, { withFileTypes: true });
  const names = all.flatMap((entry) => (entry.isDirectory() && entry.name !== 'core' ? [entry.name] : []));
  // A folder without field tables has no such file.
  return names.filter((name) => existsSync(new URL(`${name}/${name}${SUFFIX}`, CODECS))).sort();
}

/** The `struct` of a folder, once every file in it has made its tables. */
async function factoryOf(folder: string): Promise<StructFactory> {
  const root = new URL(`${folder}/`, CODECS);
  const files = readdirSync(fileURLToPath(root), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((each) => each.endsWith('.ts'))) await import(new URL(file, root).href);
  const { struct } = (await import(new URL(folder + SUFFIX, root).href)) as { readonly struct: StructFactory };
  return struct;
}
