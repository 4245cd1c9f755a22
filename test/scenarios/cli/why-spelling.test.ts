// `why` answers about the person who was meant, in whatever spelling, and never about another one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';

let node: ThrowawayRoot;
let anna: string;

beforeAll(async () => {
  node = await makeThrowawayRoot();
  anna = await node.pushUser('anna.smith@example.com', KEY);
  // Refused each: a reserved name, another domain, and a name that two people would have.
  const others = ['root@example.com', 'anna.smith@elsewhere.example', 'b.ob@example.com', 'b_ob@example.com'];
  const ids = [anna];
  for (const userName of others) ids.push(await node.pushUser(userName, ''));
  await node.pushGroup('slurm-users', ids);
  await node.run('sync');
});
afterAll(() => node.close());

async function ask(word: string): Promise<string> {
  const { stdout, stderr } = await node.run('why', word);
  return `${stdout}${stderr}`;
}

test.each(['anna.smith', 'anna_smith', 'anna.smith@example.com', 'ANNA.SMITH@example.com'])(
  'why %s is about anna',
  async (word) => {
    const said = await ask(word);
    expect(said).toMatch(/^anna_smith \(anna\.smith@example\.com, /);
    expect(said).not.toMatch(/bob|root@|elsewhere/i);
  },
);

test('a SCIM id is about its person', async () => {
  expect(await ask(anna)).toMatch(/^anna_smith \(anna\.smith@example\.com, /);
});

test('who is refused is named by userName, with their own refusal', async () => {
  expect(await ask('root@example.com')).toMatch(/root@example\.com[^]*root/);
  const { stdout } = await node.run('sync');
  expect(stdout).toMatch(/^refused: User anna\.smith@elsewhere\.example \(\S+\): /m);
});

test('a word that no person has is no one', async () => {
  expect(await ask('anna')).toContain('the store lists no user anna');
});
