import { styleText } from 'node:util';

/** Prints on standard error what the bed is doing. */
export function say(text: string): void {
  process.stderr.write(`${dim('bed:')} ${text}\n`);
}

/** Prints progress: on one line of a terminal, and else a line for every quarter, so that logs stay short. */
export function progress(what: string): (percent: number) => void {
  let said = -1;
  return percent => {
    const terminal = process.stderr.isTTY;
    const step = terminal ? Math.floor(percent) : Math.floor(percent / 25) * 25;
    if (step <= said) return;
    said = step;
    const end = terminal && step < 100 ? '\r' : '\n';
    process.stderr.write(`${dim('bed:')} ${what} ${String(step).padStart(3)} %${end}`);
  };
}

function dim(text: string): string {
  const { NO_COLOR } = process.env;
  return process.stderr.isTTY && !NO_COLOR ? styleText('dim', text) : text;
}
