// Home directories.
import { type ChangeCommon, type ChangeDescriptor, GRANTS } from './descriptor.ts';

export interface HomeCreate extends ChangeCommon {
  readonly kind: 'home-create';
  readonly uid: number;
  readonly gid: number;
  readonly dir: string;
}

export const homeCreate: ChangeDescriptor<HomeCreate> = {
  ...GRANTS,
  kind: 'home-create',
  phrase: 'home of %',
  details: ({ dir }) => `: ${dir}`,
  waitsWithPerson: false,
  applier: 'homes',
};
