// Accounts and associations of Slurm. The worker of slurm/ applies them, beside the syncs: no login waits for them.
import { type ChangeCommon, type ChangeDescriptor, type Evidence, GRANTS, REVOKES } from './descriptor.ts';

/** What an account should be; null and absent limits are left as they are. */
export interface SlurmAccountSettings {
  readonly parent: string | null;
  readonly qos: readonly string[] | null;
  readonly defaultQos: string | null;
  readonly fairshare: number | null;
  readonly limits: Readonly<Record<string, string>>;
}

export interface SlurmAccountAdd extends ChangeCommon {
  readonly kind: 'slurm-account-add';
  readonly settings: SlurmAccountSettings;
}

/** @see SlurmAccountAdd; here only what differs is set. */
export interface SlurmAccountAlter extends ChangeCommon {
  readonly kind: 'slurm-account-alter';
  readonly settings: SlurmAccountSettings;
  /** More than before: another QOS, a higher or no limit, more shares. */
  readonly raises: boolean;
}

/** `name` is the person’s account on the node and user in Slurm. */
interface OfAssociation extends ChangeCommon {
  readonly account: string;
}

/** What is taken away. */
interface Losing extends OfAssociation {
  /** The person’s account on the node lets in: else this follows from a loss that the guard has judged. */
  readonly isEnabled: boolean;
}

export interface SlurmAssociationAdd extends OfAssociation {
  readonly kind: 'slurm-association-add';
  readonly uid: number;
  /** The person has none yet, so this account is the default. */
  readonly isFirst: boolean;
}

/** No job can be submitted any more (MaxSubmitJobs=0). */
export interface SlurmSubmitStop extends Losing {
  readonly kind: 'slurm-submit-stop';
}

export interface SlurmSubmitAllow extends OfAssociation {
  readonly kind: 'slurm-submit-allow';
}

export interface SlurmJobsCancel extends Losing {
  readonly kind: 'slurm-jobs-cancel';
  /** Those that run go on until `drain` of the rule is over. */
  readonly isPendingOnly: boolean;
}

export interface SlurmDefaultSet extends OfAssociation {
  readonly kind: 'slurm-default-set';
}

/** The association goes; Slurm keeps the history of its jobs. */
export interface SlurmAssociationRemove extends Losing {
  readonly kind: 'slurm-association-remove';
}

const SLURM = { applier: 'slurm', needs: () => [], spoils: () => [] } as const;

const nameAssociation = ({ account }: OfAssociation): readonly string[] => [account];

const showAssociation = {
  details: ({ account }: OfAssociation): string => ` in ${account}`,
  hashed: nameAssociation,
  evidence: ({ account }: OfAssociation): Evidence => ({ account }),
} as const;

function showSettings({ settings }: SlurmAccountAdd | SlurmAccountAlter): string {
  const { parent, qos, defaultQos, fairshare, limits } = settings;
  const said = [
    ...(parent === null ? [] : [`parent ${parent}`]),
    ...(qos === null ? [] : [`QOS ${qos.join(',')}`]),
    ...(defaultQos === null ? [] : [`default QOS ${defaultQos}`]),
    ...(fairshare === null ? [] : [`shares ${fairshare}`]),
    ...Object.entries(limits).map(([limit, value]) => `${limit} ${value === '-1' ? 'without' : value}`),
  ];
  return said.length === 0 ? '' : `: ${said.join(', ')}`;
}

export const slurmSubmitStop: ChangeDescriptor<SlurmSubmitStop> = {
  ...REVOKES,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-submit-stop',
  phrase: 'Slurm submissions of %',
  effect: ({ isEnabled }) => (isEnabled ? 'lose-association' : 'none'),
};

export const slurmJobsCancel: ChangeDescriptor<SlurmJobsCancel> = {
  ...REVOKES,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-jobs-cancel',
  phrase: 'Slurm jobs of %',
  details: ({ account, isPendingOnly }) => ` in ${account}${isPendingOnly ? ', the pending ones' : ''}`,
  effect: ({ isEnabled }) => (isEnabled ? 'lose-association' : 'none'),
};

export const slurmDefaultSet: ChangeDescriptor<SlurmDefaultSet> = {
  ...GRANTS,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-default-set',
  phrase: 'Slurm default account of %',
  sign: () => '~',
  details: ({ account }) => `: ${account}`,
};

export const slurmAssociationRemove: ChangeDescriptor<SlurmAssociationRemove> = {
  ...REVOKES,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-association-remove',
  phrase: 'Slurm association of %',
  effect: ({ isEnabled }) => (isEnabled ? 'lose-association' : 'none'),
  counted: [{ history: 'slurm-association-remove:lose-association', as: 'reduced' }],
};

export const slurmAccountAdd: ChangeDescriptor<SlurmAccountAdd> = {
  ...GRANTS,
  ...SLURM,
  kind: 'slurm-account-add',
  phrase: 'Slurm account %',
  details: showSettings,
  unit: 'Group',
};

export const slurmAccountAlter: ChangeDescriptor<SlurmAccountAlter> = {
  ...GRANTS,
  ...SLURM,
  kind: 'slurm-account-alter',
  phrase: 'Slurm account %',
  sign: () => '~',
  details: showSettings,
  unit: 'Group',
  effect: ({ raises }) => (raises ? 'raise-limits' : 'none'),
  hashed: ({ settings }) => [JSON.stringify(settings)],
  counted: [{ history: 'slurm-account-alter:raise-limits', as: 'raised' }],
};

export const slurmAssociationAdd: ChangeDescriptor<SlurmAssociationAdd> = {
  ...GRANTS,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-association-add',
  phrase: 'Slurm association of %',
};

export const slurmSubmitAllow: ChangeDescriptor<SlurmSubmitAllow> = {
  ...GRANTS,
  ...SLURM,
  ...showAssociation,
  kind: 'slurm-submit-allow',
  phrase: 'Slurm submissions of %',
};
