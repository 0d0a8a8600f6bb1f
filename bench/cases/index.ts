import type { Case } from '../case.ts';
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
  pipeline.unread,
  pipeline.read,
];
