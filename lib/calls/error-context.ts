import type { IpvsErrorCode } from '../model/errors.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';

/** The kernel's commands, and this library's own work on files, as errors name them. */
export type Command =
  | 'NEW_CLIENT'
  | 'NEW_SERVICE'
  | 'SET_SERVICE'
  | 'DEL_SERVICE'
  | 'GET_SERVICE'
  | 'NEW_DEST'
  | 'SET_DEST'
  | 'DEL_DEST'
  | 'GET_DEST'
  | 'NEW_DAEMON'
  | 'DEL_DAEMON'
  | 'GET_DAEMON'
  | 'SET_CONFIG'
  | 'GET_CONFIG'
  | 'GET_INFO'
  | 'ZERO'
  | 'FLUSH'
  | 'APPLY'
  | 'DRAIN'
  | 'READ_FILE'
  | 'WRITE_FILE';

/** What a call is about. IPVS sends no message with its errnos: the library's are made of this. */
export interface ErrorContext {
  readonly command: Command;
  readonly service?: ServiceId | undefined;
  readonly destination?: DestinationId | undefined;
  readonly scheduler?: string | undefined;
  readonly engine?: string | null | undefined;
  readonly upperThreshold?: number | undefined;
  readonly role?: string | undefined;
  readonly interface?: string | undefined;
  /** A file or directory under /proc. */
  readonly file?: string | undefined;
  /** A sysctl by its full name. */
  readonly setting?: string | undefined;
  /** Whether the namespace shows none of the settings there are. */
  readonly isHidden?: boolean | undefined;
  /** The client's network namespace: a path or a descriptor. */
  readonly namespace?: string | number | undefined;
}

/** What a call is about, apart from its command. */
export type Subject = Omit<ErrorContext, 'command'>;

/** What an error says, and the code it has. */
export interface Explanation {
  readonly code: IpvsErrorCode;
  /** One sentence, then what to do about it. */
  readonly message: string;
}

/**
 * What a call is about: "destination 172.16.120.11:80 of service tcp 10.100.10.101:80", "setting
 * net.ipv4.vs.conntrack".
 */
export function subject({ service, destination, role, file, setting, command }: ErrorContext): string {
  const key = service && serviceKey(service);
  if (destination !== undefined) return `destination ${destinationKey(destination)} of service ${key}`;
  if (key !== undefined) return `service ${key}`;
  if (role !== undefined) return `the ${role} sync daemon`;
  if (setting !== undefined) return `setting ${setting}`;
  return file ?? command;
}
