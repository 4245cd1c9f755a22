// A publisher that a test can kill: publish-program SETTINGS.json publishes one state of people and ends.
import { readFileSync } from 'node:fs';
import { openPublisher, type PublisherSettings } from '../../../src/publish/publisher.ts';
import { type Person, stateOf } from './publish-rig.ts';

export interface Order {
  readonly settings: PublisherSettings;
  readonly memory: string;
  readonly scratch: string;
  readonly people: readonly Person[];
  /** Epoch seconds. */
  readonly now: number;
}

const [, , file = ''] = process.argv;
const { settings, memory, scratch, people, now } = JSON.parse(readFileSync(file, 'utf8')) as Order;
openPublisher(settings, memory, scratch).publish(stateOf(people), 'abc123', now);
