import { show } from '../../rules/problem.ts';
import type { Run } from '../arguments.ts';
import type { Converted } from '../convert/converted.ts';
import { convertKeepalived } from '../convert/keepalived.ts';
import { convertLdirectord } from '../convert/ldirectord.ts';

/** Makes a director's file of keepalived's or ldirectord's; tells what of it has no counterpart. */
export const run: Run = async ({ words: [path] }, shell) => {
  let text: string;
  try {
    text = await shell.read(path!);
  } catch (error) {
    shell.complain(`${show(path!)} can't be read: ${(error as Error).message}`);
    return 1;
  }
  const converted = convert(text);
  if (converted === undefined) {
    shell.complain(`${show(path!)} has no virtual_server of keepalived's and no virtual= of ldirectord's`);
    return 1;
  }
  shell.print(`${JSON.stringify(converted.file, undefined, 2)}\n`);
  for (const { line, message } of converted.notes) shell.complain(`line ${line}: ${message}`);
  return converted.notes.length > 0 ? 2 : 0;
};

/** undefined where a text is neither's. */
function convert(text: string): Converted | undefined {
  if (/^\s*virtual_server\s/m.test(text)) return convertKeepalived(text);
  if (/^virtual6?\s*=/m.test(text)) return convertLdirectord(text);
  return undefined;
}
