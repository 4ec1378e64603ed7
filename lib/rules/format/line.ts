import { wrongValue } from '../../model/arguments.ts';

/** A line of rules. */
export interface Line {
  readonly text: string;
  /**
   * What the line says that ipvsadm has no words for, each a noun. Empty: it is a line of ipvsadm's language.
   */
  readonly additions: readonly string[];
}

/** A line while it is written. */
export interface Draft {
  text: string;
  /** Whether the line needs --as-is. */
  isAsIs: boolean;
  readonly additions: string[];
}

/** Begins a line. */
export function startLine(text: string): Draft {
  return { text, isAsIs: false, additions: [] };
}

/** Notes something that only `--as-is` lets a line say. */
export function needAsIs(draft: Draft, addition: string): void {
  draft.isAsIs = true;
  draft.additions.push(addition);
}

/** Ends a line. */
export function finishLine({ text, isAsIs, additions }: Draft): Line {
  return { text: isAsIs ? `${text} --as-is` : text, additions };
}

/** The mark of lines that ipvsadm can't read. */
const MARK = '# not for ipvsadm';

/** A line of this package's own language: marked where ipvsadm can't read it. */
export function markedText({ text, additions }: Line): string {
  return additions.length === 0 ? text : `${text} ${MARK}`;
}

/** A line that ipvsadm can't read as a comment that says all of it, and why it is one. */
export function commentText({ text, additions }: Line): string {
  return `# ${text} ${MARK}: ${additions.join(', ')}`;
}

/** Writes a name as one word. ipvsadm takes any as it is, and has no words for one that is quoted here. */
export function addName(draft: Draft, field: string, kind: string, name: string): void {
  if (!/^[!-~]+$/.test(name)) throw wrongValue(field, 'be one word of ASCII characters', name);
  const quoted = name.replace(/["'#\\]/g, '\\$&');
  if (quoted !== name) draft.additions.push(`a ${kind} named ${name}`);
  draft.text += ` ${quoted}`;
}
