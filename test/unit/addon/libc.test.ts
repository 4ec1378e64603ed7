import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readElf } from '../../../lib/addon/elf.ts';
import { libcOf, processLibc } from '../../../lib/addon/libc.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipvs-libc-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const interpreter = (path: string) => readElf(path)?.interpreter;

function file(content: Buffer): string {
  const path = join(directory, 'program');
  writeFileSync(path, content);
  return path;
}

/** A program with one segment of a kind, whose content lies far behind. */
function program(type: number, content: string): Buffer {
  const at = 100_000;
  const elf = Buffer.alloc(at + content.length);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(type, 64);
  elf.writeBigUInt64LE(BigInt(at), 64 + 8);
  elf.writeBigUInt64LE(BigInt(content.length), 64 + 32);
  elf.write(content, at, 'latin1');
  return elf;
}

test('the C library of this process is glibc or musl', () => {
  expect(processLibc()).toMatch(/^(?:glibc|musl)$/);
});

test('a program’s interpreter is found wherever in the file it stands', () => {
  expect(interpreter(file(program(3, '/lib/ld-musl-x86_64.so.1\0')))).toBe('/lib/ld-musl-x86_64.so.1');
});

test('a program without an interpreter, or what is no program, has none', () => {
  expect(interpreter(file(program(1, '/lib/ld-musl-x86_64.so.1\0')))).toBeUndefined();
  const whole = program(3, '/lib/ld-musl-x86_64.so.1\0');
  expect(interpreter(file(whole.subarray(0, 80)))).toBeUndefined();
  expect(interpreter(file(Buffer.from('#!/bin/sh\n')))).toBeUndefined();
  expect(interpreter(join(directory, 'absent'))).toBeUndefined();
  expect(interpreter(directory)).toBeUndefined();
});

test.each([
  ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/lib/ld-musl-aarch64.so.1', 'musl'],
  ['/system/bin/linker64', undefined],
])('the dynamic linker %s belongs to %s', (linker, libc) => {
  expect(libcOf(linker)).toBe(libc);
});
