import { complain, type Findings, show } from '../problem.ts';

/** The name of ipvsadm or of this package's command, at any path. */
const PROGRAM = /^(?:.*\/)?(?:ipvsadm|ipvs)$/;
const SUDO = /^(?:.*\/)?sudo$/;

/**
 * The words of a line without the program that stands before them in lines out of scripts: `ipvsadm`,
 * `/sbin/ipvsadm`, `sudo ipvsadm`. (ipvsadm leaves out the word `ipvsadm` wherever it stands, and knows no
 * path.) Complains about any other program. Numbers may stand first: they are the arguments of a --set behind
 * them.
 */
export function withoutProgram(words: string[], findings: Findings): string[] {
  const [first = '', second = ''] = words;
  if (PROGRAM.test(first)) return words.slice(1);
  if (SUDO.test(first) && PROGRAM.test(second)) return words.slice(2);
  if (first !== '' && !/^[-+\d]/.test(first)) {
    const status = words.some(word => word.startsWith('-')) ? 2 : 255; // as ipvsadm's
    const rule = 'a line begins with a command such as -A, with or without ipvsadm before it';
    complain(findings, undefined, `${show(first)} is no command: ${rule}`, status);
  }
  return words;
}
