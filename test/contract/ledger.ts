import { after, afterEach, beforeEach, describe } from 'node:test';
import type { Ledger } from '../../src/captures/ledger.ts';
import { acceptingAlerts } from './ledger-accepting.ts';
import { deliveringAnnotations } from './ledger-delivering.ts';
import { killedInTheMiddle } from './ledger-killed.ts';
import { anyOrderOfEvents } from './ledger-any-order.ts';
import { keepingAndForgetting } from './ledger-keeping.ts';
import { followingTheClock } from './ledger-clock.ts';
import { survivingDamage } from './ledger-damaged.ts';
import { movingCaptures } from './ledger-moving.ts';
import { keepingSlots } from './ledger-slots.ts';
import { profilingSiblings } from './ledger-siblings.ts';
import { spoolingRecordings } from './ledger-spooling.ts';

/** An empty place for a ledger, for one test. */
interface LedgerPlace {
  /** By which ledger-child.ts, another process, opens the same ledger: `sqlite:PATH`. */
  address: string;
  open: () => Ledger | Promise<Ledger>;
  remove: () => Promise<void>;
  /** While it is closed: replaces a text in the record of a capture, where it is, whatever becomes of it. */
  damage: (id: string, text: string, by: string) => Promise<void>;
}

/** The ledger of the test that runs. */
export interface LedgerUnderTest {
  ledger: () => Ledger;
  address: () => string;
  close: () => Promise<void>;
  /** Closes it, damages the record of a capture and opens it again. */
  damaged: (id: string, text: string, by: string) => Promise<Ledger>;
  /** Closes it and opens the same place again. */
  reopen: () => Promise<Ledger>;
  /** Another one in another, empty place. */
  renewed: () => Promise<Ledger>;
}

/** What every ledger keeps to, through the port alone. */
export function ledgerContract(name: string, makePlace: () => Promise<LedgerPlace>): void {
  describe(`ledger in ${name}`, () => {
    let place: LedgerPlace | undefined;
    let ledger: Ledger | undefined;
    const close = async (): Promise<void> => {
      await ledger?.close();
      ledger = undefined;
    };
    const remove = async (): Promise<void> => {
      await close();
      await place?.remove();
      place = undefined;
    };
    const present = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error('no ledger is open');
      return value;
    };
    const renewed = async (): Promise<Ledger> => {
      await remove();
      place = await makePlace();
      ledger = await place.open();
      return ledger;
    };
    beforeEach(renewed);
    afterEach(remove);
    after(remove);

    const underTest: LedgerUnderTest = {
      ledger: () => present(ledger),
      address: () => present(place).address,
      reopen: async () => {
        await close();
        ledger = await present(place).open();
        return ledger;
      },
      damaged: async (id, text, by) => {
        await close();
        await present(place).damage(id, text, by);
        ledger = await present(place).open();
        return ledger;
      },
      close,
      renewed,
    };
    acceptingAlerts(underTest);
    movingCaptures(underTest);
    profilingSiblings(underTest);
    spoolingRecordings(underTest);
    keepingSlots(underTest);
    followingTheClock(underTest);
    deliveringAnnotations(underTest);
    keepingAndForgetting(underTest);
    survivingDamage(underTest);
    anyOrderOfEvents(underTest);
    killedInTheMiddle(underTest);
  });
}
