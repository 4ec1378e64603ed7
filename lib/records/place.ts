import { destinationKey, serviceKey } from '../model/identity.ts';

/** Whether what a record has of a service and of its destination are identities. */
export function isPlace(service: unknown, destination: unknown): boolean {
  try {
    // The key of what is no identity throws.
    serviceKey(service as Parameters<typeof serviceKey>[0]);
    destinationKey(destination as Parameters<typeof destinationKey>[0]);
    return true;
  } catch {
    return false;
  }
}
