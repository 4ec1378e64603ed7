import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A code that errors have, as its comment in lib/ explains it. */
export interface ErrorCode {
  readonly code: string;
  readonly when: string;
  readonly toDo: string;
}

/** The codes in a file of lib/: string literals `ERR_IPVS_…` in types, each with the comment before it. */
function codesIn(path: string): ErrorCode[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const codes: ErrorCode[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) {
      const { text } = node.literal;
      if (text.startsWith('ERR_IPVS_')) codes.push(readCode(text, commentOf(file, node)));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return codes;
}

/** The comment right before a code: before the bar of a union's member, or before a property. */
function commentOf(file: ts.SourceFile, node: ts.Node): string {
  const place = ts.isPropertySignature(node.parent) ? node.parent : node;
  const before = file.text.slice(0, place.getStart());
  const [comment = '', between = ''] = before.slice(before.lastIndexOf('/**') + 3).split('*/');
  return /^[\s|]*$/.test(between) ? comment.replace(/^ *\* ?/gm, '') : '';
}

function readCode(code: string, comment: string): ErrorCode {
  const [when, toDo] = comment.split(/\n\s*\nTo do: /).map(part => part.replace(/\s+/g, ' ').trim());
  if (!when || !toDo)
    throw new Error(`${code} has no comment that says when it comes and, after "To do:", what to do`);
  return { code, when, toDo };
}

/** Which methods of `Ipvs` say in their comments that they reject with a code. */
function methodsByCode(path: string): ReadonlyMap<string, readonly string[]> {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const methods = new Map<string, Set<string>>();
  const visit = (node: ts.Node): void => {
    if (ts.isMethodDeclaration(node) && ts.isIdentifier(node.name)) {
      const comment = file.text.slice(node.getFullStart(), node.getStart());
      for (const code of comment.match(/ERR_IPVS_[A-Z_]+/g) ?? []) {
        methods.set(code, (methods.get(code) ?? new Set()).add(`\`${node.name.text}()\``));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return new Map([...methods].map(([code, names]) => [code, [...names]]));
}

/** Every code that errors of this package have, but for Node's own. */
export function errorCodes(root: string): ErrorCode[] {
  const files = ['lib/model/errors.ts', 'lib/reconcile/problems.ts', 'lib/rules/problem.ts'];
  return files.flatMap(name => codesIn(join(root, name)));
}

/** The page docs/errors.md, made of comments in lib/. */
export function errorsPage(root: string): string {
  const methods = methodsByCode(join(root, 'lib/client.ts'));
  const sections = errorCodes(root).flatMap(({ code, when, toDo }) => {
    const names = methods.get(code) ?? [];
    return [
      `## ${code}`,
      '',
      `**When:** ${linked(when)}`,
      '',
      `**What to do:** ${linked(toDo)}`,
      '',
      ...(names.length > 0 ? [`See ${names.join(', ')}.`, ''] : []),
    ];
  });
  return `${introduction}\n${sections.join('\n').trimEnd()}\n`;
}

/** Comments name pages from the root, a page the others beside it. */
function linked(text: string): string {
  return text.replaceAll(/docs\/([\w-]+)\.md/g, '[$1]($1.md)');
}

const introduction = `<!-- Made by \`npm run docs\` from comments in lib/. Change it there. -->

# Errors by code

Whatever goes wrong outside of the arguments is an \`IpvsError\`. Its \`code\` is one of those below, its message names what
it was about and says what to do, and \`errno\`, \`command\`, \`service\`, \`destination\` and \`sent\` are there where they are
known.

\`\`\`ts
import { Ipvs, IpvsError } from 'ipvs';

await using ipvs = new Ipvs();
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
try {
  await ipvs.removeService(web);
} catch (error) {
  // Somebody else was faster: there is nothing left to do.
  if (!(error instanceof IpvsError && error.code === 'ERR_IPVS_SERVICE_NOT_FOUND')) throw error;
}
\`\`\`

Bad arguments are no \`IpvsError\`: a \`TypeError\` or \`RangeError\` with Node's own code (\`ERR_INVALID_ARG_TYPE\`,
\`ERR_INVALID_ARG_VALUE\`, \`ERR_OUT_OF_RANGE\`) names the field and what would be right, and the kernel has seen nothing of
the call. The last two codes below are no \`IpvsError\` either, but a \`TypeError\` and a \`SyntaxError\` with all mistakes in a
list, \`problems\`.

An error that says \`sent: true\` came after the call had left: it may have taken effect all the same.
`;
