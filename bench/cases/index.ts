import type { Case } from '../case.ts';
import * as bulkhead from './bulkhead.ts';
import { closedBreaker, failingCall, rejectedOutcome, rejectedThrown } from './closed-breaker.ts';
import * as pipeline from './pipeline.ts';
import * as retry from './retry.ts';
import * as timeout from './timeout.ts';

export const cases: readonly Case[] = [
  closedBreaker,
  failingCall,
  rejectedOutcome,
  rejectedThrown,
  retry.noFailure,
  retry.oneFailure,
  timeout.unread,
  bulkhead.withRoom,
  pipeline.unread,
  pipeline.read,
];
