import { validateInteger, validateObject, wrongType } from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { type Alarm, createAlarms } from './alarms.ts';
import { type Clock, systemClock } from './clock.ts';
import { dial as dialSocket } from './dial.ts';
import { firstDelay, firstHealth, nextDelay, nextHealth, type WholePolicy, wholePolicy } from './policy.ts';
import { type Probe, type ProbeOutcome, startProbe } from './probe.ts';
import { targetKey, validateTarget } from './target.ts';
import type {
  CheckPolicy,
  CheckResult,
  CheckTarget,
  Following,
  Monitor,
  MonitorOptions,
  NamedCheck,
  TargetHealth,
} from './types.ts';

/** What is followed: one target, by one check and policy. */
interface Subject {
  readonly key: string;
  readonly target: CheckTarget;
  readonly check: NamedCheck;
  readonly policy: WholePolicy;
  readonly followers: Set<{ readonly onHealth: (health: TargetHealth) => void }>;
  health: TargetHealth;
  /** When its last probe began. */
  begun: number;
  /** When the next probe is due, or the present one's time is up. */
  alarm: Alarm | undefined;
  probe: Probe | undefined;
  /** Whether a check that ran out of time goes on: it does not heed its signal. */
  isStuck: boolean;
}

const optionKeys = keysOf<MonitorOptions>({
  concurrency: true,
  accept: true,
  clock: true,
  random: true,
  dial: true,
});

/** An alarm that is later than this, in milliseconds, is so because the event loop stood. */
const STOOD = 20;

/** Milliseconds that close() waits for checks that don't heed their signal. */
const LONGEST_CLOSE = 1000;

/**
 * Makes a monitor. It keeps the process running while somebody follows something.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const monitor = createMonitor({ concurrency: 200 });
 * for (const port of [80, 443]) {
 *   const target = { address: server.address, port };
 *   monitor.follow(target, tcpCheck(), { timeout: 500 }, ({ state }) => console.log(port, state));
 * }
 * await monitor.close();
 * ```
 */
export function createMonitor(options: MonitorOptions = {}): Monitor {
  validateObject('options', options, optionKeys);
  const {
    concurrency = 1000,
    accept,
    clock = systemClock,
    random = Math.random,
    dial = dialSocket,
  } = options;
  validateInteger('concurrency', concurrency, 1, 100_000);
  for (const [name, value] of Object.entries({ accept, random, dial })) {
    if (value !== undefined && typeof value !== 'function') throw wrongType(name, 'a function', value);
  }
  validateClock(clock);

  const alarms = createAlarms(clock);
  const subjects = new Map<string, Subject>();
  /** Due, in the order in which they became so. */
  const waiting = new Set<Subject>();
  const unsettled = new Set<Promise<void>>();
  const counts = { running: 0, passed: 0, failed: 0, timedOut: 0, refused: 0 };
  let closed: Promise<void> | undefined;

  const plan = (subject: Subject, at: number) => {
    subject.alarm = alarms.set(at, () => {
      subject.alarm = undefined;
      waiting.add(subject);
      beginNext();
    });
  };

  const beginNext = () => {
    for (const subject of waiting) {
      if (counts.running >= concurrency) return;
      waiting.delete(subject);
      begin(subject);
    }
  };

  const begin = (subject: Subject) => {
    const { target, check, policy } = subject;
    subject.begun = clock.now();
    if (subject.isStuck) {
      conclude(subject, { passed: false, reason: 'the check before has not ended, though its time was up' });
      return;
    }
    counts.running++;
    const probe = startProbe(check, target, dial, outcome => {
      leave(subject);
      conclude(subject, outcome);
      beginNext();
    });
    subject.probe = probe;
    unsettled.add(probe.settled);
    void probe.settled.then(() => unsettled.delete(probe.settled));
    const giveUp = (late: number, mayWait: boolean) => {
      // While the event loop stood, answers may have come that nobody could read.
      if (mayWait && late > STOOD) {
        const at = clock.now() + Math.min(late, policy.timeout);
        subject.alarm = alarms.set(at, again => giveUp(again, false));
        return;
      }
      const reason = `no ${probe.isConnecting() ? 'connection' : 'answer'} within ${policy.timeout} ms`;
      leave(subject);
      probe.stop(reason);
      counts.timedOut++;
      subject.isStuck = true;
      void probe.settled.then(() => (subject.isStuck = false));
      conclude(subject, { passed: false, reason, timedOut: true });
      beginNext();
    };
    subject.alarm = alarms.set(subject.begun + policy.timeout, late => giveUp(late, true));
  };

  /** The probe is over. */
  const leave = (subject: Subject) => {
    counts.running--;
    subject.probe = undefined;
    if (subject.alarm !== undefined) alarms.cancel(subject.alarm);
    subject.alarm = undefined;
  };

  const conclude = (subject: Subject, outcome: ProbeOutcome) => {
    const { target, check, policy, begun } = subject;
    const time = clock.now();
    counts[outcome.passed ? 'passed' : 'failed']++;
    const result: CheckResult = { target, check, time, ms: time - begun, ...outcome };
    const isRefused = accept !== undefined && guarded(() => accept(result)) === false;
    if (isRefused) counts.refused++;
    else subject.health = nextHealth(subject.health, result, policy);
    // Before the followers are told: one of them may be the last to stop.
    plan(subject, Math.max(time + 1, begun + nextDelay(subject.health, policy, random(), isRefused)));
    if (isRefused) return;
    const { health } = subject;
    for (const follower of subject.followers) guarded(() => follower.onHealth(health));
  };

  const forget = (subject: Subject) => {
    subjects.delete(subject.key);
    waiting.delete(subject);
    const { probe } = subject;
    if (probe !== undefined) leave(subject);
    else if (subject.alarm !== undefined) alarms.cancel(subject.alarm);
    probe?.stop('nobody follows the target any more');
  };

  const subjectFor = (target: CheckTarget, check: NamedCheck, policy: WholePolicy): Subject => {
    const key = JSON.stringify([targetKey(target), check.key, Object.values(policy)]);
    const known = subjects.get(key);
    if (known !== undefined) return known;
    const now = clock.now();
    const health = firstHealth(policy, now);
    const subject: Subject = {
      key,
      target,
      check,
      policy,
      followers: new Set(),
      health,
      begun: now,
      alarm: undefined,
      probe: undefined,
      isStuck: false,
    };
    subjects.set(key, subject);
    plan(subject, now + firstDelay(policy, random()));
    return subject;
  };

  return {
    get statistics() {
      let up = 0;
      let down = 0;
      for (const { health } of subjects.values()) {
        if (health.state === 'up') up++;
        if (health.state === 'down') down++;
      }
      return { followed: subjects.size, up, down, waiting: waiting.size, ...counts };
    },

    follow(target: CheckTarget, check: NamedCheck, policy: CheckPolicy, onHealth): Following {
      if (closed !== undefined) throw new Error('the monitor is closed');
      validateNamedCheck(check);
      if (typeof onHealth !== 'function') throw wrongType('onHealth', 'a function', onHealth);
      const { service, ...place } = validateTarget(target, check);
      const asked = service === undefined || check.heedsService === false ? place : { ...place, service };
      const subject = subjectFor(asked, check, wholePolicy(policy));
      const follower = { onHealth };
      subject.followers.add(follower);
      const isFollowing = () => subject.followers.has(follower);
      const known = subject.health;
      if (known.passed !== undefined) {
        queueMicrotask(() => {
          // Unless the next result has come, of which it was told.
          if (isFollowing() && subject.health === known) guarded(() => onHealth(known));
        });
      }
      return {
        get health() {
          return subject.health;
        },
        stop() {
          subject.followers.delete(follower);
          if (subject.followers.size === 0 && subjects.get(subject.key) === subject) forget(subject);
        },
      };
    },

    close() {
      closed ??= (async () => {
        const open = [...unsettled];
        for (const subject of [...subjects.values()]) {
          subject.followers.clear();
          forget(subject);
        }
        let timer: NodeJS.Timeout | undefined;
        const enough = new Promise<void>(resolve => {
          timer = setTimeout(resolve, LONGEST_CLOSE);
        });
        await Promise.race([Promise.all(open), enough]);
        clearTimeout(timer);
      })();
      return closed;
    },
  };
}

/** Calls what is the caller's own. What it throws is an uncaught exception, and no other check suffers. */
function guarded<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
    return undefined;
  }
}

function validateNamedCheck(check: NamedCheck): void {
  if (typeof check !== 'object' || check === null || typeof check.check !== 'function') {
    throw wrongType('check', 'what tcpCheck() and its like return', check);
  }
  for (const field of ['name', 'key'] as const) {
    if (typeof check[field] !== 'string') throw wrongType(`check.${field}`, 'a string', check[field]);
  }
}

function validateClock(clock: Clock): void {
  if (typeof clock !== 'object' || clock === null) throw wrongType('clock', 'an object', clock);
  for (const method of ['now', 'setTimeout', 'clearTimeout'] as const) {
    if (typeof clock[method] !== 'function') throw wrongType(`clock.${method}`, 'a function', clock[method]);
  }
}
