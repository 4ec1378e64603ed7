import type { ServiceId } from './identity.ts';

/** The marks of check paths: 'LV' and a number. */
export const PATH_MARKS = { first: 0x4c56_0000, last: 0x4c56_ffff } as const;

/**
 * Whether a service is there for checks alone: the services by mark through which a director's checks go the way
 * of clients' packets (`through` of `CheckAt`), marks 0x4c560000 to 0x4c56ffff. `ipvs list` and metrics leave them
 * out; `services()`, `snapshot()`, `ipvs list --json`, `ipvs save` and ipvsadm show what the kernel has.
 *
 * @example
 * ```ts
 * const services = (await ipvs.services()).filter(service => !isCheckPath(service));
 * console.log(services.length);
 * ```
 */
export function isCheckPath({ fwmark = 0 }: Pick<ServiceId, 'fwmark'>): boolean {
  return fwmark >= PATH_MARKS.first && fwmark <= PATH_MARKS.last;
}
