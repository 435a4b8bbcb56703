import type { CapturedAttempt } from './CapturedAttempt';
import type { CapturedRequest } from './CapturedRequest';
import type { CaptureTiming } from './CaptureTiming';

/** The wire of one request, secrets redacted. */
export type Capture = {
  request_id: string;
  client: CapturedRequest;
  attempts: CapturedAttempt[];
  timing: CaptureTiming;
};
