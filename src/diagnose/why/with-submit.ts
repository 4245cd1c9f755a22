// The chain with what Slurm answers as its last link: rule, round, association, limits, partition, a submission. Pure.
import type { SubmitAnswer } from '../../host/slurm/ask-submit.ts';
import type { Chain } from './chain.ts';
import { judgeLimits } from './submit/judge-limits.ts';
import { judgeManaged } from './submit/judge-managed.ts';
import { judgePartition } from './submit/judge-partition.ts';
import { judgeReservations } from './submit/judge-nodes.ts';
import { judgeRefusal } from './submit/judge-refusal.ts';
import { judgeTools } from './submit/judge-tools.ts';
import type { SubmitFacts } from './submit/submit-facts.ts';
import { ok, unknown, type Verdict } from './verdict.ts';

/** A submission that fails is explained by the first thing that is wrong. */
export function addSubmit(chain: Chain, name: string, facts: SubmitFacts): Chain {
  const link = { link: 'submit' as const, ...judgeSubmit(name, facts) };
  const isCause = link.level === 'error' && chain.cause?.level !== 'error';
  return { ...chain, links: [...chain.links, link], cause: isCause ? link : chain.cause };
}

function judgeSubmit(name: string, facts: SubmitFacts): Verdict {
  const { answer } = facts;
  if ('fault' in answer) return unknown(`Slurm was not asked: ${answer.fault}`);
  // `sbatch --test-only` takes jobs that would never start.
  if (answer.trial.isTaken)
    return (
      judgePartition(name, answer) ??
      judgeLimits(name, answer, facts) ??
      judgeReservations(name, answer) ??
      ok(`Slurm takes a job of ${name}: ${answer.trial.said}`)
    );
  return judgeTools(answer) ?? judgeManaged(name, facts, answer) ?? explainRefusal(name, answer, facts);
}

function explainRefusal(name: string, answer: SubmitAnswer, facts: SubmitFacts): Verdict {
  return judgeRefusal(name, answer, () => judgeLimits(name, answer, facts) ?? judgePartition(name, answer));
}
