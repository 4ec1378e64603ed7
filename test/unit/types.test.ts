import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** Lines that must not compile. They use what `preamble` declares. */
const mistakes = [
  "ipvs.addService({ ...web, port: '80' });",
  "ipvs.addService({ ...web, schedular: 'rr' });",
  "ipvs.addService({ ...web, protocol: 'icmp' });",
  "ipvs.addService({ ...web, schedulerFlags: 'sh-port' });",
  'ipvs.addService({ ...web, persistence: 300 });',
  'ipvs.addService({ ...web, persistence: { timout: 300 } });',
  "ipvs.addService({ ...web, onePacket: 'yes' });",
  "ipvs.addService({ protocol: 'tcp', address: '10.0.0.1' });",
  'ipvs.addService({ fwmark: 7 });',
  'ipvs.addService(server);',
  'ipvs.addService(destination);',
  'ipvs.addService(spec);',
  "ipvs.addService({ address: '10.0.0.2', port: 80, weight: 1 });",
  'ipvs.removeService(server);',
  'ipvs.destinations(destination);',
  'ipvs.addDestination(server, web);',
  'ipvs.addDestination(spec, spec);',
  'ipvs.updateDestination(server, web, { weight: 5 });',
  'ipvs.updateService(web, { weight: 5 });',
  'ipvs.updateService(web, { scheduler: 5 });',
  'ipvs.updateService(web, spec);',
  "ipvs.addDestination(web, { ...server, weight: '5' });",
  'ipvs.addDestination(web, { ...server, wieght: 5 });',
  "ipvs.addDestination(web, { ...server, forwarding: 'nat' });",
  "ipvs.addDestination(web, { ...server, tunnel: { type: 'vxlan' } });",
  "ipvs.addDestination(web, { ...server, tunnel: 'ipip' });",
  'ipvs.updateDestination(web, server, { weight: null });',
  "ipvs.sampler({ columns: ['rate'] });",
  "ipvs.sampler({ columns: ['rates'] }).read().then(sample => sample.services.deltas.connections);",
  'formatRules([server]);',
];

const preamble = [
  "import { type Destination, type DestinationSpec, formatRules, type Ipvs } from '../../lib/index.ts';",
  'declare const ipvs: Ipvs; declare const destination: Destination; declare const spec: DestinationSpec;',
  "const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;",
  "const server = { address: '10.0.0.2', port: 80 } as const;",
];

const programs = 'test/types/programs.ts';
const wrong = 'test/types/mistakes.ts';

/** The compiler's complaints about the programs and the mistakes, each with its file and line. */
function compile(exactOptionalPropertyTypes: boolean) {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, '.');
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, version, ...rest) =>
    name === wrong
      ? ts.createSourceFile(name, [...preamble, ...mistakes].join('\n'), version)
      : getSourceFile.call(host, name, version, ...rest);
  const program = ts.createProgram(
    [programs, wrong],
    { ...options, exactOptionalPropertyTypes, noEmit: true },
    host,
  );
  return [programs, wrong].flatMap(name => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(found => ({
      file: name,
      line: file!.getLineAndCharacterOfPosition(found.start ?? 0).line,
      text: ts.flattenDiagnosticMessageText(found.messageText, '\n'),
    }));
  });
}

describe.each([true, false])('types with exactOptionalPropertyTypes %s', exact => {
  const found = compile(exact);

  test(`a program that computes its arguments compiles, exactOptionalPropertyTypes ${exact}`, () => {
    expect(readFileSync(programs, 'utf8')).toContain('export async function');
    expect(found.filter(({ file }) => file === programs)).toEqual([]);
  });

  test.each(mistakes.map((text, i) => [text, i + preamble.length] as const))(
    `the compiler refuses "%s" in 6 lines at most, exactOptionalPropertyTypes ${exact}`,
    (_, at) => {
      const told = found.filter(({ file, line }) => file === wrong && line === at);
      const lines = told.flatMap(({ text }) => text.split('\n'));
      expect(lines).not.toEqual([]);
      expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(6);
    },
  );
});
