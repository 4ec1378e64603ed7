// Ends with status 0 where npm runs the script `prebuild` only for its name, before `build`, and with 1 where
// `npm run prebuild` was asked for. The environment does not tell the two apart, but npm's command line does.

// @ts-check

import { readFileSync } from 'node:fs';

process.exitCode = isHook() ? 0 : 1;

function isHook() {
  // Above this process are npm's shell and npm, and above that perhaps another package manager.
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    const script =
      /\0(?:run|run-script|rum|urn)\b.*?\0((?:pre)?build)(?:\0|$)|\b(?:run|run-script|rum|urn) (?:.*? )??((?:pre)?build)\b/s.exec(
        read(`/proc/${pid}/cmdline`),
      );
    if (script !== null) return (script[1] ?? script[2]) === 'build';
  }
  return false;
}

/** @param {number} pid */
function parentOf(pid) {
  return Number(/^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
